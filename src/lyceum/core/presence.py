"""Who is here, across processes: each open connection keeps a score in Valkey and lets it lapse."""

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from lyceum.core import valkey

ALIVE_SECONDS = 45
GRACE_SECONDS = 10
BEST = ("online", "away")
GONE = "gone-"


def _key(user_id: UUID | str) -> str:
    return valkey.key("presence", user_id)


def _due_key() -> str:
    return valkey.key("presence-due")


def touch(user_id: UUID, connection_id: str, state: str) -> None:
    """Say that a connection lives, in the state its device reports."""
    lapses = time.time() + ALIVE_SECONDS
    pipe = valkey.connection().pipeline()
    pipe.hset(_key(user_id), connection_id, f"{state}:{lapses:.3f}")
    pipe.expire(_key(user_id), ALIVE_SECONDS * 2)
    pipe.zadd(_due_key(), {f"{user_id}|{connection_id}": lapses})
    pipe.execute()


def leave(user_id: UUID, connection_id: str) -> None:
    """Say that a connection ended; without another the person keeps its state for a grace of 10 seconds."""
    client: Any = valkey.connection()
    now, entry = time.time(), client.hget(_key(user_id), connection_id) or b"online"
    state = entry.decode().split(":")[0]
    pipe = client.pipeline()
    pipe.hset(_key(user_id), connection_id, f"{GONE}{state}:{now + GRACE_SECONDS:.6f}")
    pipe.set(valkey.key("seen", user_id), int(now))
    pipe.zadd(_due_key(), {f"{user_id}|{connection_id}": now + GRACE_SECONDS})
    pipe.execute()


def take_gone() -> set[UUID]:
    """Return whose connections are over by now, each connection to exactly one caller in all processes."""
    client: Any = valkey.connection()
    due = [member.decode() for member in client.zrangebyscore(_due_key(), "-inf", time.time(), 0, 500)]
    if not due:
        return set()
    pipe = client.pipeline(transaction=False)
    for member in due:
        pipe.zrem(_due_key(), member)
    mine = [member for member, is_taken in zip(due, pipe.execute(), strict=True) if is_taken]
    for member in mine:
        user_id, connection_id = member.split("|")
        pipe.hdel(_key(user_id), connection_id)
    pipe.execute()
    return {UUID(member.split("|")[0]) for member in mine}


def _state(entries: dict[bytes, bytes]) -> str:
    """Return the best state of the living connections, else that of the one that ended last within the grace."""
    now = time.time()
    told = [(float(lapses), state) for state, lapses in (v.decode().split(":") for v in entries.values())]
    kept = sorted((lapses, state) for lapses, state in told if lapses > now)
    alive = {state for _, state in kept if not state.startswith(GONE)}
    for state in BEST:
        if state in alive:
            return state
    return kept[-1][1].removeprefix(GONE) if kept else "offline"


def states(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return online, away or offline for each person: the best state of all their devices."""
    ids = list(user_ids)
    if not ids:
        return {}
    pipe = valkey.connection().pipeline(transaction=False)
    for user_id in ids:
        pipe.hgetall(_key(user_id))
    return {user_id: _state(entries) for user_id, entries in zip(ids, pipe.execute(), strict=True)}


def last_seen(user_id: UUID) -> int | None:
    """Return the Unix time at which the last connection of a person ended."""
    value = valkey.connection().get(valkey.key("seen", user_id))
    return int(value) if value else None


# A place among a person's sockets; the score is the time at which a dead one lapses.
TAKE_PLACE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], 120)
return 1
"""


def take_place(user_id: UUID, connection_id: str, *, most: int) -> bool:
    """Count a connection among the person's open ones, over all processes; False when there are `most`."""
    now = time.time()
    arguments = (now, now + ALIVE_SECONDS, connection_id, most)
    return bool(valkey.connection().eval(TAKE_PLACE, 1, valkey.key("sockets", user_id), *arguments))


def keep_place(user_id: UUID, connection_id: str) -> None:
    valkey.connection().zadd(valkey.key("sockets", user_id), {connection_id: time.time() + ALIVE_SECONDS})


def give_place(user_id: UUID, connection_id: str) -> None:
    valkey.connection().zrem(valkey.key("sockets", user_id), connection_id)


def forget(user_id: UUID) -> None:
    """Take everything that is known of a person's presence away."""
    valkey.connection().delete(_key(user_id), valkey.key("seen", user_id), valkey.key("sockets", user_id))
