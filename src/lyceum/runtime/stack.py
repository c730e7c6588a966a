"""The servers behind the product: the embedded ones of a home, or those that the environment names."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import redis

from lyceum.config.env import given
from lyceum.runtime import served
from lyceum.runtime.home import CannotRun, Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.valkey import Valkey


class InUseError(CannotRun):
    """Another supervisor holds this home."""


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home for this process; raises InUseError while another has it."""
    with (home.folder("run") / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise InUseError(
                f"Lyceum runs already with the home {home.root}. Stop it first, or set LYCEUM_HOME to another folder."
            ) from err
        yield


class Servers:
    """What runs, and the environment that the product's processes need."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self._database, self._redis = given("DATABASE_URL"), given("REDIS_URL")
        self.postgres = None if self._database else Postgres(home, durable=durable)
        self.valkey = None if self._redis else Valkey(home)

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
        found["DATABASE_URL"] = self.postgres.url if self.postgres else self._database
        found["REDIS_URL"] = self.valkey.url if self.valkey else self._redis
        for name in ("DATABASE_URL", "REDIS_URL"):
            found.pop(f"{name}_FILE", None)
        if not given("SECRET_KEY"):
            found["SECRET_KEY"] = self.home.secret("secret_key")
        where = served.last(self.home)
        if where is not None and not given("PUBLIC_URL"):
            found["PUBLIC_URL"] = where.public_url
        return found


def _answers(servers: Servers) -> bool:
    try:
        if servers.postgres is not None:
            psycopg.connect(servers.postgres.url, connect_timeout=2).close()
        if servers.valkey is not None:
            with redis.Redis.from_url(servers.valkey.url, socket_timeout=2) as client:
                client.ping()
    except (psycopg.OperationalError, redis.RedisError):
        return False
    return True


@contextmanager
def running(home: Home, *, alone: bool = False) -> Iterator[dict[str, str]]:
    """Give the environment of a running stack: the one that `lyceum up` keeps, or one for the time being.

    With `alone` it must not be one that others use: InUseError while `lyceum up` runs.
    """
    servers = Servers(home)
    with ExitStack() as exits:
        try:
            exits.enter_context(locked(home))
        except InUseError:
            if alone or not _answers(servers):
                raise
        else:
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
