"""The one client for addresses that people or settings give: it reaches public servers only, within bounds.

A name is resolved once, every address behind it is judged, and the connection goes to that very address; so neither a
trick in the spelling of a URL, nor a redirect, nor a name that changes its address leads into the operator's network.
Private hosts are reached only where OUTBOUND_ALLOWED_HOSTS lists them.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

from lyceum.core.errors import Invalid, Unavailable

PORTS = {"http": 80, "https": 443}
MAX_URL_LENGTH = 2048
MAX_BYTES = 1024 * 1024
CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 15.0
USER_AGENT = "Lyceum"
# What URL parsers disagree about: white space, control characters, backslashes.
DOUBTFUL = re.compile(r"[\s\x00-\x1f\x7f\\]")
# Addresses that carry an IPv4 address which a gateway would connect to (RFC 6052).
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_resolvers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolver")


class OutboundRefused(Invalid):
    """The address is not one that the server calls, or its answer is not one that it reads."""

    code, title = "outbound_refused", "This address cannot be called."
    advice = ""

    @property
    def for_operators(self) -> str:
        """The reason, and what whoever runs the workspace may do about it; not for others, who cannot."""
        return f"{self.detail} {self.advice}".strip()


class NotListed(OutboundRefused):
    """The address would be called if the operator had listed it."""

    def __init__(self, detail: str, host: str, port: int) -> None:
        super().__init__(detail)
        self.advice = f"To allow it, add {host}:{port} to the setting OUTBOUND_ALLOWED_HOSTS and start again."


class OutboundFailed(Unavailable):
    """The other server did not answer in time, or not at all."""

    code, title = "outbound_failed", "The other server does not answer."


@dataclass(frozen=True)
class Answer:
    """What another server answered; `url` is the address after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


Resolve = Callable[[str, int], Iterable[str]]


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(text: str) -> bool:
    """Say whether an address is one of the open internet, in whatever form it wraps another."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _layers(address))


def _layers(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if any(address in network for network in NAT64):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    carried = [address.sixtofour, *(address.teredo or ())]
    return [address, *(one for one in carried if one is not None)]


class Guard:
    """Judges addresses and names; the operator's list makes exceptions, each for a host or for `host:port`."""

    def __init__(
        self, allowed: Iterable[str] = (), *, ports: Iterable[int] = PORTS.values(), resolver: Resolve = resolve
    ) -> None:
        self._allowed, self._ports, self._resolve = {entry.lower() for entry in allowed}, set(ports), resolver

    def check(self, text: str) -> httpx2.URL:
        """Return the parsed URL; raises OutboundRefused for one that is not to be called, whatever is behind it."""
        if len(text) > MAX_URL_LENGTH or DOUBTFUL.search(text):
            raise OutboundRefused("The address is not a plain URL.")
        try:
            url = httpx2.URL(text)
        except httpx2.InvalidURL as err:
            raise OutboundRefused("The address is not a URL.") from err
        self.check_parsed(url)
        return url

    def check_parsed(self, url: httpx2.URL) -> None:
        if url.scheme not in PORTS or not url.host:
            raise OutboundRefused("Use an address that begins with http:// or https://.")
        if url.userinfo:
            raise OutboundRefused("The address must not hold a name or a password.")
        port = PORTS[url.scheme] if url.port is None else url.port
        if port not in self._ports and not self._is_listed(url.host, port):
            raise NotListed(f"Port {port} is not called.", url.host, port)

    def check_secure(self, text: str) -> httpx2.URL:
        """Return the parsed URL of what is to be called in secret: by TLS, or a host of the operator's list."""
        url = self.check(text)
        port = PORTS[url.scheme] if url.port is None else url.port
        if url.scheme != "https" and not self._is_listed(url.host, port):
            raise OutboundRefused("Use an address that begins with https://.")
        return url

    def addresses(self, host: str, port: int, *, within: float) -> list[str]:
        """Resolve a name once; raises OutboundRefused when any address behind it is not public."""
        try:
            found = list(_resolvers.submit(self._resolve, host, port).result(timeout=within))
        except (OSError, UnicodeError) as err:
            raise OutboundFailed(f"There is no {host}.") from err
        except TimeoutError as err:
            raise OutboundFailed("The name was not resolved in time.") from err
        if not found or not (self._is_listed(host, port) or all(map(is_public, found))):
            raise NotListed("The address leads into a private network.", host, port)
        return found

    def _is_listed(self, host: str, port: int) -> bool:
        return bool({host.lower(), f"{host.lower()}:{port}"} & self._allowed)


class _Stream(httpcore2.NetworkStream):
    """A connection with one deadline for all that happens on it."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Connects to the address that was judged, and to no other."""

    def __init__(self, guard: Guard, deadline: float) -> None:
        self._guard, self._deadline, self._inner = guard, deadline, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self._guard.addresses(host, port, within=self._left()):
            try:
                stream = self._inner.connect_tcp(address, port, min(CONNECT_SECONDS, self._left()), None, [])
                return _Stream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as err:
                failure = err
        raise failure

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ConnectTimeout
        return left


class _Transport(httpx2.HTTPTransport):
    """Judges each request, those of redirects too; knows no proxies, unix sockets or connections kept from before."""

    def __init__(self, guard: Guard, deadline: float, context: ssl.SSLContext | None) -> None:
        self._guard = guard
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context or httpx2.create_ssl_context(trust_env=False),
            max_keepalive_connections=0,
            network_backend=_Backend(guard, deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._guard.check_parsed(request.url)
        return super().handle_request(request)


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    redirects: int = 0,
    max_bytes: int = MAX_BYTES,
    within: float = TOTAL_SECONDS,
    guard: Guard | None = None,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Call another server and read its whole answer, within a number of bytes and seconds.

    Redirects are followed only as often as asked for, and each is judged like the first address. Raises
    OutboundRefused for what must not be called or read, OutboundFailed when there is no answer.
    """
    guard = guard or Guard(settings.OUTBOUND_ALLOWED_HOSTS)
    target = guard.check(url)
    deadline = time.monotonic() + within
    # Packed answers could unpack to any size.
    sent = {"User-Agent": USER_AGENT, **(headers or {}), "Accept-Encoding": "identity"}
    try:
        with (
            httpx2.Client(
                transport=_Transport(guard, deadline, context),
                trust_env=False,
                follow_redirects=redirects > 0,
                max_redirects=redirects,
                timeout=within,
            ) as client,
            client.stream(method, target, headers=sent, content=body) as response,
        ):
            return Answer(response.status_code, response.headers, _read(response, max_bytes), str(response.url))
    except httpx2.TooManyRedirects as err:
        raise OutboundRefused("The other server redirects too often.") from err
    except httpx2.InvalidURL as err:
        raise OutboundRefused("The other server redirects to what is no URL.") from err
    except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.TimeoutException) as err:
        raise OutboundFailed from err


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds another server asks to wait, in either form; None where it says nothing of use."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time()) if at.tzinfo is not None else None


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise OutboundRefused("The other server packs its answer.")
    if int(response.headers.get("Content-Length") or 0) > max_bytes:
        raise OutboundRefused(f"The answer is longer than {max_bytes} bytes.")
    found = bytearray()
    for chunk in response.iter_raw():
        found += chunk
        if len(found) > max_bytes:
            raise OutboundRefused(f"The answer is longer than {max_bytes} bytes.")
    return bytes(found)
