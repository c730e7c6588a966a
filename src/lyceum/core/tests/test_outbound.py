"""The outbound client against a real server on this machine that nobody may reach: it must see no connection."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpcore2
import pytest

from lyceum.core.outbound import Answer, Guard, OutboundFailed, OutboundRefused, fetch, is_public

PUBLIC = "93.184.216.34"
NAMES = {
    "inside.example": ["10.0.0.7"],
    "loop.example": ["127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "six.example": ["::1"],
    "local.example": ["fe80::1"],
    "unique.example": ["fd00::1"],
    "nothing.example": [],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "127.0.0.1.": ["127.0.0.1"],
}


def find(host: str, port: int) -> list[str]:
    """Resolve the names of the tests, and what the system reads as an address of this machine."""
    assert host != "public.example", "a public server would have been called"
    if host in NAMES:
        return NAMES[host]
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)]


class Canary:
    """A server that counts connections and answers each with what it is told to."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self.connections = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                self._answer(connection)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


def saying(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


OK = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@pytest.fixture
def canary() -> Iterator[Canary]:
    found = Canary(OK)
    yield found
    found.close()


def redirecting(to: str) -> Canary:
    return Canary(saying(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()))


def call(url: str, canary: Canary, **options: object) -> Answer:
    guard = Guard(ports={80, 443, canary.port}, resolver=find)
    return fetch("GET", url, guard=guard, within=3, **options)  # type: ignore[arg-type]


HOSTS = [
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0", "2130706433", "017700000001", "0177.0.0.1"),
    *("0x7f.0.0.1", "0x7f000001", "0x7f.1", "0177.0.0.0x1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost."),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[100::1]"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
    *(
        "100.127.255.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
    ),
    *("255.255.255.255", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]"),
    *("①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1"),  # digits and stops that turn into ASCII ones
    *NAMES,
]
SPELLINGS = [
    *("ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:70/_x", "unix:///run/x.sock", "dict://127.0.0.1/"),
    *(
        "http+unix://%2Frun%2Fx.sock/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "ws://127.0.0.1/",
        "//127.0.0.1/",
        "",
    ),
    *("http://", "http:///", "http://:80/", "127.0.0.1", "http://[::1", "http://[::1%25lo]/", "http:127.0.0.1"),
    *("http://public.example@127.0.0.1:{port}/", "http://a:b@127.0.0.1:{port}/", "http://a:b@public.example/"),
    *(
        "http://public.example\\@127.0.0.1:{port}/",
        "http:\\\\127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\.public.example/",
    ),
    *(
        "http://127.0.0.1:{port}#@public.example/",
        "http://127.0.0.1:{port}?@public.example/",
        " http://127.0.0.1:{port}/",
    ),
    *("http://127.0.0.1:{port}/\r\nX: y", "http://127.0.0.1\t:{port}/", "http://127.0.0.1\x00.public.example:{port}/"),
    *(
        "http://public.example:22/",
        "http://public.example:6379/",
        "http://public.example:0/",
        "http://public.example:65536/",
    ),
    *("http://public.example:-80/", "https://127.0.0.1:{port}/", "HTTP://127.0.0.1:{port}/", "http://" + "a" * 3000),
]


def test_no_spelling_of_a_private_address_is_called(canary: Canary) -> None:
    urls = [f"http://{host}:{canary.port}/" for host in HOSTS] + [
        text.replace("{port}", str(canary.port)) for text in SPELLINGS
    ]
    assert len(urls) >= 80
    for url in urls:
        with pytest.raises((OutboundRefused, OutboundFailed)):
            call(url, canary)
    assert canary.connections == 0


def test_a_listed_host_is_called_and_only_on_its_port(canary: Canary) -> None:
    listed = Guard([f"127.0.0.1:{canary.port}"])
    answer = fetch("GET", f"http://127.0.0.1:{canary.port}/", guard=listed)
    assert (answer.status, answer.body) == (200, b"hello")
    with pytest.raises(OutboundRefused):
        fetch("GET", f"http://localhost:{canary.port}/", guard=listed)
    with pytest.raises(OutboundRefused):
        fetch("GET", "http://127.0.0.1/", guard=listed)
    assert canary.connections == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://loop.example:{port}/",
        "http://127.0.0.1:{port}/",
        "//[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://a:b@127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://public.example:22/",
    ],
)
def test_each_redirect_is_judged(canary: Canary, target: str) -> None:
    first = redirecting(target.replace("{port}", str(canary.port)))
    guard = Guard([f"127.0.0.1:{first.port}"], ports={80, 443, canary.port}, resolver=find)
    with pytest.raises((OutboundRefused, OutboundFailed)):
        fetch("GET", f"http://127.0.0.1:{first.port}/", guard=guard, redirects=3, within=3)
    assert (first.connections, canary.connections) == (1, 0)
    first.close()


def test_redirects_are_followed_only_when_asked_for_and_not_for_ever(canary: Canary) -> None:
    first = redirecting(f"http://127.0.0.1:{canary.port}/")
    guard = Guard([f"127.0.0.1:{first.port}", f"127.0.0.1:{canary.port}"])
    assert fetch("GET", f"http://127.0.0.1:{first.port}/", guard=guard).status == 302
    assert fetch("GET", f"http://127.0.0.1:{first.port}/", guard=guard, redirects=1).body == b"hello"
    first.close()
    circle = redirecting("/again")
    guard = Guard([f"127.0.0.1:{circle.port}"])
    with pytest.raises(OutboundRefused):
        fetch("GET", f"http://127.0.0.1:{circle.port}/", guard=guard, redirects=4)
    assert circle.connections == 5
    circle.close()


def test_a_name_that_changes_its_address_is_resolved_once(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def flip(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    reached = []

    def connect(self: object, host: str, port: int, *_: object) -> None:
        reached.append(host)
        raise httpcore2.ConnectError("nobody is called in tests")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    guard = Guard(ports={canary.port}, resolver=flip)
    with pytest.raises(OutboundFailed):
        fetch("GET", f"http://flip.example:{canary.port}/", guard=guard)
    assert (asked, reached) == (["flip.example"], [PUBLIC])


def test_proxies_of_the_environment_are_not_used(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Canary(OK)
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    fetch("GET", f"http://127.0.0.1:{canary.port}/", guard=Guard(["127.0.0.1"]))
    assert (proxy.connections, canary.connections) == (0, 1)
    proxy.close()


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x" * 65536)


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(200):
        connection.sendall(f"X-{number}: y\r\n".encode())
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (endless, OutboundRefused),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), OutboundRefused),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), OutboundRefused),
        (dripping, OutboundFailed),
        (lambda connection: time.sleep(2), OutboundFailed),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), OutboundFailed),
        (saying(b""), OutboundFailed),
    ],
)
def test_an_answer_is_bounded_in_bytes_and_seconds(
    answer: Callable[[socket.socket], None], refusal: type[Exception]
) -> None:
    server = Canary(answer)
    started = time.monotonic()
    with pytest.raises(refusal):
        fetch("GET", f"http://127.0.0.1:{server.port}/", guard=Guard(["127.0.0.1"]), max_bytes=100_000, within=0.6)
    assert time.monotonic() - started < 1.5
    server.close()


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "172.32.0.1", "100.128.0.1"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)
