import asyncio
from uuid import uuid4

import pytest
from django.db import OperationalError
from redis.exceptions import ResponseError

from lyceum.core import valkey
from lyceum.core.pipeline import UUID_ARRAY_OID
from lyceum.core.reads import Read

ECHO = "select a.place, a.thing, count(*) over () from asked a where a.thing is not null"


async def test_those_who_ask_at_once_share_a_run_and_each_has_their_own_answer() -> None:
    read = Read("echo", ECHO, thing=UUID_ARRAY_OID)
    things = [uuid4() for _ in range(5)]
    first, *rest = await asyncio.gather(*(read.ask(thing) for thing in [things[0], None, *things[1:]]))
    assert rest[0] is None
    assert [row[0] for row in (first, *rest[1:]) if row] == things
    assert max(row[1] for row in (first, *rest[1:]) if row) > 1


async def test_a_connection_that_died_is_opened_anew_and_a_fault_is_djangos() -> None:
    read = Read("own", "select a.place, pg_backend_pid() from asked a", thing=UUID_ARRAY_OID)
    row = await read.ask(uuid4())
    assert row is not None
    kill = Read("kill", f"select a.place, pg_terminate_backend({row[0]}) from asked a", thing=UUID_ARRAY_OID)
    assert await kill.ask(uuid4()) == (True,)
    again = await read.ask(uuid4())
    assert again is not None
    assert again[0] != row[0]
    broken = Read("broken", "select a.place, 1 / 0 from asked a", thing=UUID_ARRAY_OID)
    with pytest.raises(OperationalError):
        await broken.ask(uuid4())


async def test_a_command_that_fails_fails_for_who_asked_it_alone() -> None:
    key = valkey.key("asked", uuid4())
    bad = valkey.ask(("SET", key, "word"), ("INCR", key))
    answers = await asyncio.gather(bad, valkey.ask(("ECHO", "one"), ("ECHO", "two")), return_exceptions=True)
    assert isinstance(answers[0], ResponseError)
    assert answers[1] == [b"one", b"two"]
