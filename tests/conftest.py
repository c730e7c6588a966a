"""A real server for flows: its own database, a web process of its own, and people who sign in."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.protocol import Protocol

# What stands in a path or query as it is.
SAFE = "/?&=:@,%+-._~"
# None of the examples in the documents: whoever tries those out would erase the person who asks.
PASSWORD = "Leonora-red-dust-4"
# With this `payments.pay` signs, as the one who takes payments would.
PAYMENT_SECRET = "whsec_b25seSBmb3IgdGVzdHMsIGEga2V5IG9mIDMyIGJ5dGVz"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answer:
    status: int
    data: Any
    headers: Any


@dataclass
class Person:
    site: "Site"
    id: str
    email: str
    name: str
    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return self.site.call(method, path, body, Authorization=f"Bearer {self.token}", **headers)

    def become_staff(self) -> "Person":
        """Be one of those who run the workspace; no door makes that of a member."""
        with psycopg.connect(self.site.environment["DATABASE_URL"]) as connection:
            connection.execute("update accounts_user set is_staff = true where id = %s", [self.id])
        return self

    def get_another_password(self) -> None:
        """Have another password, given by a command on the server, which ends no sign-in by itself."""
        with psycopg.connect(self.site.environment["DATABASE_URL"]) as connection:
            connection.execute("update accounts_user set password = password || 'x' where id = %s", [self.id])

    def change(self, what: str) -> None:
        """Change rows of the person behind the server's back, as other processes do: `TABLE set … where user_id`."""
        with psycopg.connect(self.site.environment["DATABASE_URL"]) as connection:
            assert connection.execute(f"update {what} = %s", [self.id]).rowcount  # type: ignore[arg-type]

    def upload(self, method: str, path: str, name: str, data: bytes) -> Answer:
        """Send a file as a form does, in the field `file`."""
        edge = secrets.token_hex(16)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        form = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.site.send(method, path, form, headers)

    async def open(self, path: str = "/ws/", *, site: "Site | None" = None) -> "Line":
        ticket = await asyncio.to_thread(self.call, "POST", "auth/ws-ticket/")
        at = site or self.site
        url = f"ws://127.0.0.1:{at.port}{path}"
        offered = ["lyceum.v1", f"ticket.{ticket.data['ticket']}"]
        return Line(await connect(url, subprotocols=offered, proxy=None), at.protocol)  # type: ignore[list-item]


class Line:
    """One open socket of a test; every frame that it hears is held against the protocol document."""

    opened: "ClassVar[list[Line]]" = []

    def __init__(self, socket: ClientConnection, protocol: Protocol) -> None:
        self.socket, self.protocol = socket, protocol
        self.opened.append(self)

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def hear(self, kind: str, *, within: float = 5) -> dict[str, Any]:
        """Return the next frame of a kind, passing over others."""
        async with asyncio.timeout(within):
            while (frame := await self.next())["type"] != kind:
                pass
            return frame

    async def next(self) -> dict[str, Any]:
        """Return the next frame of any kind."""
        frame: dict[str, Any] = json.loads(await self.socket.recv())
        self.protocol.check(frame)
        return frame

    async def until_pong(self) -> list[dict[str, Any]]:
        """Return what comes before the answer to a ping: all that was told by now."""
        await self.send(type="ping")
        frames = []
        async with asyncio.timeout(5):
            while (frame := await self.next())["type"] != "pong":
                frames.append(frame)
        return frames

    async def ready(self) -> "Line":
        await self.hear("connection_established")
        return self

    async def close(self) -> None:
        await self.socket.close()

    async def closed(self, *, within: float = 5) -> int | None:
        """Return the code of the close, passing over frames before it."""
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.next()
            await self.socket.wait_closed()
        return self.socket.close_code


@dataclass
class Site:
    port: int
    environment: dict[str, str]
    log: Path

    def logged(self, *words: str) -> list[str]:
        """Return the lines of the process's log that hold one of the words."""
        return [line for line in self.log.read_text().splitlines() if any(word in line for word in words)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.send(method, path, data, sent)

    def send(self, method: str, path: str, data: bytes | None, sent: dict[str, str]) -> Answer:
        at = f"{self.url}/api/v1/{quote(path, safe=SAFE)}"
        request = urllib.request.Request(at, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read()
                return Answer(answer.status, json.loads(text) if text else None, answer.headers)
        except urllib.error.HTTPError as err:
            text = err.read()
            return Answer(err.code, json.loads(text) if text else None, err.headers)

    @cached_property
    def protocol(self) -> Protocol:
        return Protocol(self.call("GET", "asyncapi/").data)

    def register(self, first: str, last: str = "Tester") -> Person:
        email = f"{first.lower()}.{secrets.token_hex(4)}@example.org"
        body = {"email": email, "first_name": first, "last_name": last}
        made = self.call("POST", "users/register/", {**body, "password": PASSWORD, "password_confirm": PASSWORD})
        assert made.status == 201, made.data
        tokens = self.call("POST", "auth/token/", {"email": email, "password": PASSWORD}).data
        return Person(self, made.data["id"], email, f"{first} {last}", tokens["access"])


def start_web(
    environment: dict[str, str], *, port: int = 0, **constants: object
) -> tuple[Site, "subprocess.Popen[bytes]"]:
    """Start a web process; constants are named by their place, dots as double underscores."""
    port = port or free_port()
    command = [sys.executable, "-m", "lyceum.runtime.cli", "web", "--port", str(port)]
    if constants:
        changed = [f"lyceum.{name.replace('__', '.')}={json.dumps(value)}" for name, value in constants.items()]
        command = [sys.executable, "-m", "tests.web", str(port), *changed]
    log = Path(tempfile.mkstemp(prefix="web-", suffix=".log")[1])
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output)
    site = Site(port, environment, log)
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(f"{site.url}/health/", timeout=1).close()
            return site, process
        except OSError:
            assert process.poll() is None, "the web process ended"
            time.sleep(0.1)
    raise AssertionError("the web process does not answer")


def start_worker(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a worker process, which does the jobs of its database."""
    return subprocess.Popen([sys.executable, "-m", "lyceum.runtime.cli", "worker"], env=environment)


def make_database(name: str) -> dict[str, str]:
    """Make a migrated database and a Valkey number of one's own, for processes that outlive a test's transaction."""
    url = os.environ["DATABASE_URL"]
    name = f"{name}_{secrets.token_hex(3)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    parts = urlsplit(url)
    own = urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
    # urlsplit drops the empty host between @ and the path; the rest is as it was.
    environment = {**os.environ, "DATABASE_URL": own, "LIMITS_ENABLED": "false"}
    # An index is of one database.
    environment |= {"SEARCH_URL": "", "SEARCH_DIR": tempfile.mkdtemp(prefix="lyceum-search-")}
    environment["PAYMENT_WEBHOOK_SECRET"] = PAYMENT_SECRET
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "").strip("gw") or 0)
    environment["REDIS_URL"] = os.environ["REDIS_URL"].replace("db=0", f"db={number}")
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "migrate"], env=environment, check=True)
    return environment


@pytest.fixture(scope="session")
def flow_environment(worker_id: str) -> dict[str, str]:
    return make_database(f"flows_{worker_id}")


@pytest.fixture(scope="session")
def site(flow_environment: dict[str, str]) -> Iterator[Site]:
    found, process = start_web(flow_environment)
    yield found
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def indexer(flow_environment: dict[str, str]) -> Iterator[None]:
    """A real indexer beside the site."""
    process = subprocess.Popen([sys.executable, "-m", "lyceum.runtime.cli", "indexer"], env=flow_environment)
    yield
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="session")
def second_site(flow_environment: dict[str, str]) -> Iterator[Site]:
    """Another process, which writes to sockets by ASGI `send` alone, as on servers that give no transport."""
    found, process = start_web(flow_environment, realtime__protocol__GIVES_TRANSPORT=False)
    yield found
    process.terminate()
    process.wait(20)


@pytest.fixture(params=["transport", "send"])
def each_site(request: pytest.FixtureRequest) -> Site:
    """Both ways to write to sockets, one after the other."""
    found: Site = request.getfixturevalue({"transport": "site", "send": "second_site"}[request.param])
    return found
