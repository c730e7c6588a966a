"""STORAGE_URL: where files are kept, in one address."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
LABEL, MOST_OF_A_HOST = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", 255
# As the SDK has them, which calls no others: no underscore, which servers in containers have at times.
HOST = re.compile(rf"(?:{LABEL}\.)*{LABEL}\.?")
OPTIONS = {"region", "tls", "addressing"}
FORM = "use s3://bucket, s3://key:secret@host:port/bucket or file:///path"
# What servers that know no regions take for one.
ANY_REGION = "us-east-1"


@dataclass(frozen=True)
class Bucket:
    """A bucket and how it is reached; without `endpoint` it is one of AWS, without `key` the SDK finds credentials."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: str = "auto"
    key: str = ""
    secret: str = ""


def parse(text: str) -> Bucket | Path | None:
    """Read the address of a bucket or of a folder; None for an empty one. Raises ValueError with what would be right.

    No sentence of it repeats the address, which holds a secret.
    """
    if not text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        # It repeats what it was given.
        raise ValueError(FORM) from None
    if parts.scheme == "file":
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("use file:///path, with three slashes")
        return Path(unquote(parts.path))
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(FORM)
    return _bucket(parts)


def _bucket(parts: SplitResult) -> Bucket:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - OPTIONS):
        raise ValueError(f"{unknown[0]} is none of its options, which are {', '.join(sorted(OPTIONS))}")
    tls, addressing = options.get("tls", "true"), options.get("addressing", "")
    if tls not in ("true", "false"):
        raise ValueError("tls is true or false")
    if addressing not in ("", "path", "virtual"):
        raise ValueError("addressing is path or virtual")
    host, name, prefix = _place(parts)
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(key) != bool(secret):
        raise ValueError("give a key with its secret, or neither")
    return Bucket(
        name=name,
        prefix=prefix,
        endpoint=f"{'https' if tls == 'true' else 'http'}://{host}" if host else "",
        region=options.get("region") or (ANY_REGION if host else ""),
        addressing=addressing or ("path" if host else "auto"),
        key=key,
        secret=secret,
    )


def _place(parts: SplitResult) -> tuple[str, str, str]:
    """Return the host, the bucket and the beginning of its keys; a host alone is a bucket of AWS."""
    try:
        port = parts.port
    except ValueError:
        raise ValueError("write / in a secret as %2F, and : as %3A") from None
    # A host's capitals are gone in `hostname`, which a bucket may not lose.
    host = parts.netloc.rpartition("@")[2]
    name, _, prefix = unquote(parts.path).strip("/").partition("/")
    if not name:
        host, name = "", host
    if not BUCKET.fullmatch(name) or (port is not None and not host):
        raise ValueError(FORM)
    if host and not _is_host(parts.hostname or ""):
        raise ValueError("the host is a name of letters, digits, hyphens and dots, or an IP address")
    if ".." in PurePosixPath(prefix).parts or "//" in prefix:
        raise ValueError("the path after the bucket is a plain one")
    return host, name, f"{prefix}/" if prefix else ""


def _is_host(name: str) -> bool:
    with suppress(ValueError):
        return bool(IPv6Address(name))
    return len(name) <= MOST_OF_A_HOST and HOST.fullmatch(name) is not None
