from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address


def parse(text: str) -> Address | None:
    """Read an address as proxies write it: `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::1]:4711`; None for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows IPv4 peers in this form.
    return getattr(found, "ipv4_mapped", None) or found


def is_trusted(address: str) -> bool:
    """Say whether an address is that of a proxy whose forwarding headers are believed."""
    found = parse(address)
    return found is not None and any(found in ip_network(net, strict=False) for net in settings.TRUSTED_PROXIES)


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the nearest address that no trusted proxy vouches for; headers of strangers change nothing."""
    address = str(parse(peer) or peer)
    for hop in reversed([part for part in forwarded_for.split(",") if part.strip()]):
        found = parse(hop)
        if found is None or not is_trusted(address):
            break
        address = str(found)
    return address


def limit_key(address: str) -> str:
    """Key an address for limits: IPv6 by its /64, since one customer has at least that many."""
    found = parse(address)
    if found is None:
        return "unknown"
    return str(ip_network(f"{found}/64", strict=False)) if isinstance(found, IPv6Address) else str(found)
