import os
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from lyceum.runtime.home import Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.stack import InUseError, locked
from lyceum.runtime.valkey import Valkey


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="lyceum-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Home(Path(folder))


def test_postgres_keeps_what_was_committed_when_it_is_killed(home: Home) -> None:
    server = Postgres(home)
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    assert server.process is not None
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)
    server.stop()


def test_valkey_keeps_what_was_written_over_a_restart(home: Home) -> None:
    server = Valkey(home)
    server.start()
    redis.Redis.from_url(server.url).set("kept", "7")
    server.stop()
    server.start()
    assert redis.Redis.from_url(server.url).get("kept") == b"7"
    server.stop()


def test_secrets_are_for_their_owner_alone(home: Home) -> None:
    first = home.secret("secret_key")
    assert home.secret("secret_key") == first
    assert len(first) >= 50
    assert stat.S_IMODE((home.root / "secrets" / "secret_key").stat().st_mode) == 0o600


def test_two_supervisors_do_not_share_a_home(home: Home) -> None:
    with locked(home), pytest.raises(InUseError), locked(home):
        pass
