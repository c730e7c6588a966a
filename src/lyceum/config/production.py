"""What must not be on a server that strangers reach."""

from urllib.parse import parse_qs, urlsplit

from lyceum.config.env import Environment, names
from lyceum.config.storage import Bucket, parse

SECRET_KEY_LENGTH = 50
ENCRYPTED = {"require", "verify-ca", "verify-full"}


def faults(environment: Environment, secret_key: str) -> list[str]:
    """Name every setting that is unsafe in production, each with what would be right."""
    checks = {
        "DEBUG must be false": environment.DEBUG,
        f"SECRET_KEY needs at least {SECRET_KEY_LENGTH} characters": len(secret_key) < SECRET_KEY_LENGTH,
        "PUBLIC_URL must begin with https://": not environment.PUBLIC_URL.startswith("https://"),
        "ALLOWED_HOSTS must name the hosts, not *": "*" in names(environment.ALLOWED_HOSTS),
        "ALLOWED_HOSTS must name the host of PUBLIC_URL": not is_served(environment),
        "CORS_ALLOWED_ORIGINS must name the origins, not *": "*" in names(environment.CORS_ALLOWED_ORIGINS),
        "TRUSTED_PROXIES must not be everybody": any(net.endswith("/0") for net in names(environment.TRUSTED_PROXIES)),
        "LIMITS_ENABLED must be true": not environment.LIMITS_ENABLED,
        "EMAIL_VERIFICATION=required needs EMAIL_URL, or nobody gets the link": (
            environment.EMAIL_VERIFICATION == "required" and not environment.EMAIL_URL
        ),
        "OIDC_ISSUER must begin with https://": environment.OIDC_ISSUER.startswith("http://"),
        "DATABASE_URL needs ?sslmode=require (or verify-full) off this machine": not _is_database_safe(
            environment.DATABASE_URL
        ),
        "REDIS_URL must begin with rediss:// off this machine": not _is_valkey_safe(environment.REDIS_URL),
        "STORAGE_URL must not have tls=false off this machine": not _is_bucket_safe(environment.STORAGE_URL),
    }
    return [sentence for sentence, is_wrong in checks.items() if is_wrong]


def is_served(environment: Environment) -> bool:
    """Say whether ALLOWED_HOSTS covers the host of PUBLIC_URL."""
    host = (urlsplit(environment.PUBLIC_URL).hostname or "").lower()
    return any(
        allowed in ("*", host, f"[{host}]") or (allowed.startswith(".") and f".{host}".endswith(allowed))
        for allowed in map(str.lower, names(environment.ALLOWED_HOSTS))
    )


def _is_here(host: str | None) -> bool:
    return not host or host.startswith("/") or host == "localhost" or host.startswith("127.") or host == "::1"


def _is_database_safe(url: str) -> bool:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    is_local = all(_is_here(host) for host in options.get("host", [parts.hostname or ""]))
    return is_local or options.get("sslmode", [""])[0] in ENCRYPTED


def _is_valkey_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme != "redis" or _is_here(parts.hostname)


def _is_bucket_safe(url: str) -> bool:
    place = parse(url)
    endpoint = urlsplit(place.endpoint if isinstance(place, Bucket) else "")
    return endpoint.scheme != "http" or _is_here(endpoint.hostname)
