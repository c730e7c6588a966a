"""What a benchmark runs on: fresh durable servers, the product's web process, the peers, and people who talk."""

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils import timezone

from lyceum.runtime import children

PEERS = Path(__file__).parent / "peers"
INSTALL_SECONDS = 180
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Unusable(SystemExit):
    """A server that cannot be measured here: whoever does not go on without it ends with these words."""


@dataclass
class Server:
    """A process that listens on a port of this machine."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    def processor_seconds(self) -> float:
        """Return the processor time that the process has used (proc(5), fields utime and stime)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def serving(name: str, command: list[str], port: int, environment: dict[str, str]) -> Iterator[Server]:
    process = children.start(command, env=environment, log=Path(os.devnull))
    try:
        _wait_for(port, process)
        yield Server(name, port, process)
    finally:
        children.stop(process)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise Unusable("it ended before it answered") from None
            time.sleep(0.05)
    raise Unusable("it does not answer")


def lyceum(environment: dict[str, str]) -> AbstractContextManager[Server]:
    port = free_port()
    command = [sys.executable, "-m", "lyceum.runtime.cli", "web", "--port", str(port)]
    return serving("Lyceum", command, port, environment)


def plain_view(environment: dict[str, str]) -> AbstractContextManager[Server]:
    """A plain DRF view over the same rows, on the same kind of server."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.peers.plain:application", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log"]
    own = {**environment, "DJANGO_SETTINGS_MODULE": "bench.peers.plain_settings"}
    return serving("plain DRF view", command, port, own)


def express(environment: dict[str, str]) -> AbstractContextManager[Server]:
    """An Express application with pg over the same rows."""
    return _node_peer("Express with pg", "express.mjs", environment)


def socket_io(environment: dict[str, str], store: str) -> AbstractContextManager[Server]:
    """A Socket.IO server with its Redis adapter; `store` is none, each or batch."""
    name = {"none": "Socket.IO", "each": "Socket.IO, insert each", "batch": "Socket.IO, batched inserts"}[store]
    return _node_peer(name, "socketio.mjs", environment, STORE=store)


def plain_ws(environment: dict[str, str], store: str) -> AbstractContextManager[Server]:
    """Plain `ws` with Redis pub/sub; `store` is none or batch."""
    name = {"none": "ws", "batch": "ws, batched inserts"}[store]
    return _node_peer(name, "ws.mjs", environment, STORE=store)


def channels(environment: dict[str, str], store: str) -> AbstractContextManager[Server]:
    """Channels as its tutorial writes it, on uvicorn, with the core layer; `store` is none or each."""
    name = {"none": "Channels tutorial", "each": "Channels tutorial, insert each"}[store]
    port = free_port()
    command = [str(_channels_home() / "bin" / "python"), "-m", "uvicorn", "bench.peers.channels.asgi:application"]
    command += ["--port", str(port), "--log-level", "critical", "--no-access-log"]
    own = {**environment, "DJANGO_SETTINGS_MODULE": "bench.peers.channels.settings", "STORE": store}
    return serving(name, command, port, own)


@cache
def has_channels() -> bool:
    """Say whether the Channels peer can run; installs its packages in an environment of their own the first time."""
    home, wanted = _channels_home(), PEERS / "channels.txt"
    installed = home / "installed.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return True
    print("Installing the packages of the Channels peer in bench/peers/.channels")
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, timeout=INSTALL_SECONDS)
        subprocess.run([*install, "--require-hashes", "-r", str(wanted)], check=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"The Channels peer is left out, its packages cannot be installed: {error}")
        return False
    installed.write_text(wanted.read_text())
    return True


def _channels_home() -> Path:
    return PEERS / ".channels"


def ceiling() -> AbstractContextManager[Server]:
    """A server that only writes joined frames."""
    port = free_port()
    return serving(
        "the load generator's ceiling", [sys.executable, "-m", "bench.ceiling", str(port)], port, dict(os.environ)
    )


def _node_peer(name: str, file: str, environment: dict[str, str], **variables: str) -> AbstractContextManager[Server]:
    if not all((PEERS / "node_modules" / name).exists() for name in ("express", "ws")):
        try:
            subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=PEERS, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            raise Unusable("it needs Node.js 20 or newer, npm and its packages; --no-peers leaves it out") from None
    port = free_port()
    database = urlsplit(environment["DATABASE_URL"])
    own = {
        **os.environ,
        "NODE_ENV": "production",
        "PORT": str(port),
        "REDIS_SOCKET": urlsplit(environment["REDIS_URL"]).path,
        "REDIS_PASSWORD": unquote(urlsplit(environment["REDIS_URL"]).password or ""),
        "PG_HOST": parse_qs(database.query)["host"][0],
        "PG_USER": database.username or "",
        "PGPASSWORD": unquote(database.password or ""),
        "PG_DATABASE": database.path.strip("/"),
        **variables,
    }
    return serving(name, ["node", str(PEERS / file)], port, own)


@dataclass(frozen=True)
class Speaker:
    """A person with an open sign-in."""

    user_id: object
    session_id: object
    access: str

    def ticket(self) -> str:
        from lyceum.accounts import tickets

        return tickets.issue(self.user_id, self.session_id)[0]  # type: ignore[arg-type]


def make_people(count: int) -> list[Speaker]:
    """Make people with sign-ins straight in the database: passwords are not what is measured."""
    from lyceum.accounts import tokens
    from lyceum.accounts.models import Token, TokenFamily, User, email_key

    users, families, access = [], [], []
    ends = timezone.now() + timedelta(hours=1)
    for n in range(count):
        email = f"person{n}.{os.urandom(4).hex()}@example.org"
        user = User(email=email, email_key=email_key(email), first_name="Somebody", last_name="Tester", password="!")
        users.append(user)
        families.append(TokenFamily(user=user, expires_at=ends, address="127.0.0.1", user_agent="bench"))
        access.append(f"lya_{os.urandom(24).hex()}")
    User.objects.bulk_create(users)
    TokenFamily.objects.bulk_create(families)
    Token.objects.bulk_create(
        Token(hash=tokens.token_hash(key), kind=Token.Kind.ACCESS, family=family, expires_at=ends)
        for key, family in zip(access, families, strict=True)
    )
    return [Speaker(f.user_id, f.pk, key) for f, key in zip(families, access, strict=True)]


def make_room(people: list[Speaker]) -> str:
    """Make a group straight in the database: a frame to each of many members is not what is measured."""
    from lyceum.messaging.models import Conversation, Participant

    room = Conversation.objects.create(kind="group", name="Bench", history="all")
    Participant.objects.bulk_create(Participant(conversation=room, user_id=person.user_id) for person in people)
    return str(room.pk)


def settle() -> None:
    """Let PostgreSQL look at what was just put in, as it does by itself within a minute."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("analyze")


def machine() -> str:
    """Describe the machine and the versions, so that a figure means something elsewhere."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def percentile(values: list[float], share: float) -> float:
    """Return the value at or below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
