"""`lyceum up`: everything under one supervisor."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol
from urllib.parse import urlsplit

from lyceum.config.env import given
from lyceum.runtime import children, ports, schema, served
from lyceum.runtime.home import CannotRun, Home
from lyceum.runtime.served import Served
from lyceum.runtime.stack import Servers, locked
from lyceum.runtime.supervisor import Part, Supervisor

ANSWER_SECONDS = 60.0


class Server(Protocol):
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...


def own(*arguments: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, "-m", "lyceum.runtime.cli", *arguments]


def run(home: Home, *, host: str, port: int, demo: bool | None) -> None:
    """Start everything, serve until a signal, and stop everything; nothing is left running when a start fails."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    address = ports.address(host, port)
    with locked(home):
        # A web process whose supervisor was killed still says goodbye to its clients.
        with children.held(home.folder("run") / "web.lock"):
            ports.check_can_listen(host, port)
        servers, parts = Servers(home), list[Part]()
        try:
            if not (home.root / "postgres" / "data").exists() and servers.postgres is not None:
                _say("Making the database …")
            servers.start()
            environment = _environment(servers, address)
            schema.migrate(environment, say=_say)
            parts = [*_server_parts(servers), *_product_parts(home, environment, host, port)]
            *others, web = [part for part in parts if part.process is None]
            web.start()
            _wait_for_answer(f"{address}/health/", web, home.folder("logs"))
            # Not beside the web process: that would take longer to answer.
            for part in others:
                part.start()
            # Its sign-ins are known to everybody, so other machines get it only when asked for.
            public = given("PUBLIC_URL", environment).rstrip("/")
            served.note(home, Served(host, port, public))
            is_local = ports.is_loopback(host) and ports.is_loopback(urlsplit(public).hostname or "")
            _greet(public, home, is_local=is_local, demo=demo)
        except BaseException:
            for part in reversed(parts):
                part.stop()
            servers.stop()
            raise
        Supervisor(parts).run()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _environment(servers: Servers, address: str) -> dict[str, str]:
    environment = servers.environment()
    # The address that people open stands in the links of mails.
    if not given("PUBLIC_URL"):
        environment["PUBLIC_URL"] = address
    environment.setdefault("LOG_DIR", str(servers.home.folder("logs")))
    environment.setdefault("LOG_STDOUT", "false")
    return environment


def _server_parts(servers: Servers) -> list[Part]:
    # SIGINT is PostgreSQL's fast stop; Valkey takes it like SIGTERM.
    return [
        Part(name, _launcher(server), stop_signal=signal.SIGINT, process=server.process, started_at=time.monotonic())
        for name, server in (("PostgreSQL", servers.postgres), ("Valkey", servers.valkey))
        if server is not None
    ]


def _launcher(server: Server) -> Callable[[], subprocess.Popen[bytes]]:
    def launch() -> subprocess.Popen[bytes]:
        server.start()
        assert server.process is not None
        return server.process

    return launch


def _product_parts(home: Home, environment: dict[str, str], host: str, port: int) -> list[Part]:
    """The indexer, worker and web processes; their lines go to files, so that the terminal keeps what people need."""
    logs, run = home.folder("logs"), home.folder("run")

    def part(name: str, *arguments: str) -> Part:
        def launch() -> subprocess.Popen[bytes]:
            with children.held(run / f"{name}.lock") as lock:
                return children.start(own(name, *arguments), env=environment, log=logs / f"{name}.out", inherit=[lock])

        return Part(name, launch)

    # With a search server the worker indexes.
    roles = ["worker"] if given("SEARCH_URL", environment) else ["indexer", "worker"]
    return [*map(part, roles), part("web", "--host", host, "--port", str(port))]


def _wait_for_answer(url: str, part: Part, logs: Path) -> None:
    # A proxy of the environment knows nothing of this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < ends:
        if part.process is not None and part.process.poll() is not None:
            raise CannotRun(f"The web process ended with {part.process.returncode}. The reason is in {logs}/web.out.")
        try:
            direct.open(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise CannotRun(f"The web process did not answer within {ANSWER_SECONDS:.0f} s. Its logs are in {logs}.")


def _greet(address: str, home: Home, *, is_local: bool, demo: bool | None) -> None:
    from lyceum.accounts.public import create_setup_token
    from lyceum.config import demo as content

    if demo:
        content.load()
    elif demo is None and is_local:
        content.offer()
    print(f"\n  Lyceum is at {address}\n")
    token = create_setup_token()
    if token is not None:
        print(f"  Make your own staff account (the link works once): {address}/setup/{token}/")
    for sign_in in content.sign_ins():
        print(f"  Demo {sign_in.role}: {sign_in.email}  password: {sign_in.password}")
    print(f"\n  Logs are in {home.folder('logs')}. Ctrl-C stops everything.\n", flush=True)
