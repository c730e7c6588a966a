"""Everything that runs: PostgreSQL and Valkey of the run's own, web processes behind edges, a worker."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from lyceum.runtime import children
from lyceum.runtime.home import Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.valkey import Valkey
from tests.chaos.edges import Edge
from tests.conftest import free_port

START_SECONDS = 90.0
# A child ends with the thread that started it, so these outlive every event loop.
_KEEPERS = ThreadPoolExecutor(4, thread_name_prefix="keeper")
T = TypeVar("T")


async def apart(work: Callable[..., T], *given: Any, **named: Any) -> T:
    """Do what takes its time, and may start processes, beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_KEEPERS, partial(work, *given, **named))


class Servers:
    """PostgreSQL and Valkey, durable as in production, and a migrated database to copy."""

    def __init__(self) -> None:
        # Not pytest's own folder, which the account of PostgreSQL may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.folder.chmod(0o755)
        self.home = Home(self.folder)
        self.postgres, self.valkey = Postgres(self.home), Valkey(self.home)

    def __enter__(self) -> "Servers":
        self.postgres.start()
        self.valkey.start()
        own("migrate", self.environment(self.postgres.url))
        return self

    def __exit__(self, *_: object) -> None:
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, database: str) -> dict[str, str]:
        found = {**os.environ, "LYCEUM_HOME": str(self.folder), "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"}
        found |= {"DATABASE_URL": database, "REDIS_URL": self.valkey.url, "LIMITS_ENABLED": "true"}
        found.setdefault("SECRET_KEY", self.home.secret("secret_key"))
        return found

    def copy(self) -> str:
        """Make a database of the migrated one; returns its address."""
        name = f"chaos_{secrets.token_hex(4)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{name}" template lyceum')
        return self._address(name)

    def _address(self, database: str) -> str:
        parts = urlsplit(self.postgres.url)
        return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, ""))

    def kill_postgres(self) -> None:
        """Kill the postmaster and every backend at one stroke."""
        process = self.postgres.process
        assert process is not None
        for pid in [process.pid, *_children_of(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def kill_valkey(self) -> None:
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait()

    def empty_valkey(self) -> None:
        """Take away what a killed Valkey had written down."""
        shutil.rmtree(self.valkey.data / "appendonlydir", ignore_errors=True)


def _children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def own(act: str, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", act], env=environment, check=True, capture_output=True)


@dataclass
class Web:
    """A web process that keeps its port over all its lives, with an edge in front."""

    environment: dict[str, str]
    log: Path
    bug: str | None = None
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.edge = Edge(self.port).start()

    def start(self) -> None:
        """Start it and return when it answers."""
        program = ["tests.chaos.bugs.run", self.bug] if self.bug else ["lyceum.runtime.cli", "web"]
        command = [sys.executable, "-m", *program, "--port", str(self.port)]
        self.process = children.start(command, env=self.environment, log=self.log, death_signal=signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            assert self.process is not None
            assert self.process.poll() is None, f"a web process ended: {self.log.read_text()[-2000:]}"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2).close()
                return
            time.sleep(0.1)
        raise AssertionError(f"a web process does not answer: {self.log}")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, *, by: int, within: float = 40) -> None:
        assert self.process is not None
        children.stop(self.process, by=by, within=within)


class Cluster:
    """Web processes on a database of their own, with or without a planted bug."""

    def __init__(self, servers: Servers, *, bug: str | None = None, webs: int = 2, worker: bool = True) -> None:
        self.servers, self.bug, self._has_worker = servers, bug, worker
        self.environment = servers.environment(servers.copy())
        logs = Path(tempfile.mkdtemp(prefix="logs-", dir=servers.folder))
        self.webs = [Web(self.environment, logs / f"web-{number}.log", bug) for number in range(webs)]
        self.worker: subprocess.Popen[bytes] | None = None
        self._worker_log = logs / "worker.log"
        self.logs = logs

    def __enter__(self) -> "Cluster":
        # What an earlier cluster counted is not ours.
        with redis.Redis.from_url(self.servers.valkey.url) as client:
            client.flushall()
        if self.bug:
            subprocess.run(
                [sys.executable, "-m", "tests.chaos.bugs.run", self.bug, "--prepare"], env=self.environment, check=True
            )
        for web in self.webs:
            web.start()
        if self._has_worker:
            self.start_worker()
        return self

    def __exit__(self, *_: object) -> None:
        for web in self.webs:
            if web.process is not None:
                web.process.kill()
                web.process.wait()
            web.edge.stop()
        self.kill_worker()

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "lyceum.runtime.cli", "worker"]
        self.worker = children.start(command, env=self.environment, log=self._worker_log, death_signal=signal.SIGKILL)

    def kill_worker(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
            self.worker = None

    def heal(self) -> None:
        for web in self.webs:
            web.edge.heal()

    def make_people(self, count: int) -> Iterator[dict[str, object]]:
        command = [sys.executable, "-m", "tests.chaos.people", "make", str(count)]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))

    def deactivate(self, user: str) -> None:
        command = [sys.executable, "-m", "tests.chaos.people", "deactivate", user]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def logged(self, *words: str) -> list[str]:
        """Return the lines of all logs that hold one of the words."""
        lines = [line for log in self.logs.glob("*.log") for line in log.read_text(errors="replace").splitlines()]
        return [line for line in lines if any(word in line for word in words)]
