"""The servers behind the product: the embedded ones of a home, or those that the environment names."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from lyceum.runtime.home import Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.valkey import Valkey


class InUseError(Exception):
    """Another supervisor holds this home."""


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home for this process; raises InUseError while another has it."""
    path = home.folder("run") / "lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise InUseError(f"Lyceum runs already with the home {home.root}. Stop it, or set LYCEUM_HOME.") from err
        yield


class Servers:
    """What runs, and the environment that the product's processes need."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(home, durable=durable)
        self.valkey = None if os.environ.get("REDIS_URL") else Valkey(home)

    def start(self) -> None:
        if self.postgres is not None:
            self.postgres.start()
        if self.valkey is not None:
            self.valkey.start()

    def stop(self) -> None:
        if self.valkey is not None:
            self.valkey.stop()
        if self.postgres is not None:
            self.postgres.stop()

    def environment(self) -> dict[str, str]:
        found = {**os.environ, "LYCEUM_HOME": str(self.home.root), "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"}
        if self.postgres is not None:
            found["DATABASE_URL"] = self.postgres.url
        if self.valkey is not None:
            found["REDIS_URL"] = self.valkey.url
        if not os.environ.get("SECRET_KEY") and not os.environ.get("SECRET_KEY_FILE"):
            found["SECRET_KEY"] = self.home.secret("secret_key")
        return found


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def running(home: Home) -> Iterator[dict[str, str]]:
    """Give the environment of a running stack: the one that `lyceum up` keeps, or one for the time being."""
    servers = Servers(home)
    if servers.postgres is not None and _answers(servers.postgres.url):
        yield servers.environment()
        return
    with ExitStack() as exits:
        if servers.postgres is not None or servers.valkey is not None:
            exits.enter_context(locked(home))
        exits.callback(servers.stop)
        servers.start()
        yield servers.environment()


@contextmanager
def throw_away(*, durable: bool = False) -> Iterator[dict[str, str]]:
    """Give the environment of fresh servers that are gone afterwards; for tests, and durable ones to measure."""
    with tempfile.TemporaryDirectory(prefix="lyceum-", ignore_cleanup_errors=True) as folder:
        # The database's account has to enter it.
        Path(folder).chmod(0o711)
        servers = Servers(Home(Path(folder)), durable=durable)
        try:
            servers.start()
            yield servers.environment()
        finally:
            servers.stop()
