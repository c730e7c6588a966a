from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings


def is_trusted(address: str) -> bool:
    try:
        return any(ip_address(address) in ip_network(net, strict=False) for net in settings.TRUSTED_PROXIES)
    except ValueError:
        return False


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the nearest address that no trusted proxy vouches for; headers of strangers change nothing."""
    address = peer
    for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not is_trusted(address):
            break
        address = hop
    return address


def limit_key(address: str) -> str:
    """Key an address for limits: IPv6 by its /64, since one customer has at least that many."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv6Address):
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(parsed)
