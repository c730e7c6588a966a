"""Who is here, across processes: each open connection keeps a score in Valkey and lets it lapse."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from lyceum.core import valkey
from lyceum.core.valkey import Command

ALIVE_SECONDS = 45
GRACE_SECONDS = 10
BEST = ("online", "away")
GONE = "gone-"


def _key(user_id: UUID | str) -> str:
    return valkey.key("presence", user_id)


def _due_key() -> str:
    return valkey.key("presence-due")


# Notes what a connection says, then the best of all of them in one hash that holds everybody: the state of the living
# ones, else of the one that ended last within the grace, with the time until which that is so.
NOTE = """
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
local entries, now, best, lapses, rank = redis.call('HGETALL', KEYS[1]), tonumber(ARGV[1]), nil, 0, 9
for at = 2, #entries, 2 do
  local state, ends = string.match(entries[at], '^(.*):(.*)$')
  ends = tonumber(ends)
  local found = state == 'online' and 1 or state == 'away' and 2 or 3
  if ends > now and (found < rank or (found == rank and ends > lapses)) then
    best, lapses, rank = state, ends, found
  end
end
if best then
  redis.call('HSET', KEYS[2], ARGV[4], string.gsub(best, '^gone%-', '') .. ':' .. string.format('%.6f', lapses))
else
  redis.call('HDEL', KEYS[2], ARGV[4])
end
"""


def _note(user_id: UUID | str, connection_id: str = "", entry: str = "") -> Command:
    arguments = (time.time(), connection_id, entry, str(user_id), int(ALIVE_SECONDS * 2) + 1)
    return ("EVAL", NOTE, 2, _key(user_id), valkey.key("present"), *arguments)


def _due(user_id: UUID, connection_id: str, at: float) -> Command:
    return ("ZADD", _due_key(), at, f"{user_id}|{connection_id}")


def _touching(user_id: UUID, connection_id: str, state: str) -> list[Command]:
    lapses = time.time() + ALIVE_SECONDS
    return [_due(user_id, connection_id, lapses), _note(user_id, connection_id, f"{state}:{lapses:.3f}")]


def touch(user_id: UUID, connection_id: str, state: str) -> None:
    """Say that a connection lives, in the state its device reports."""
    valkey.run(*_touching(user_id, connection_id, state))


async def change(user_id: UUID, connection_id: str, state: str) -> tuple[str, str]:
    """Do what `touch` does; returns the best state of all the person's devices before and after."""
    entries = ("HGETALL", _key(user_id))
    before, *_, after = await valkey.ask(entries, *_touching(user_id, connection_id, state), entries)
    return _state(before), _state(after)


async def stay(user_id: UUID, connection_id: str, state: str) -> None:
    """Say that a connection lives on, and keep its place."""
    place = ("ZADD", _place_key(user_id), time.time() + ALIVE_SECONDS, connection_id)
    await valkey.ask(place, *_touching(user_id, connection_id, state))


def leaving(user_id: UUID, connection_id: str, state: str) -> list[Command]:
    """Say that a connection ended; without another the person keeps its state for a grace of 10 seconds."""
    now = time.time()
    return [
        _due(user_id, connection_id, now + GRACE_SECONDS),
        ("SET", valkey.key("seen", user_id), int(now)),
        _note(user_id, connection_id, f"{GONE}{state}:{now + GRACE_SECONDS:.6f}"),
    ]


async def leave(user_id: UUID, connection_id: str, state: str) -> None:
    await valkey.ask(*leaving(user_id, connection_id, state))


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
        pipe.execute_command(*_note(user_id))
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
    """Return online, away or offline for each person: the best state of all their devices.

    One command for all of them; only for whom the noted best has lapsed are the connections looked at.
    """
    ids = list(user_ids)
    if not ids:
        return {}
    found, lapsed = _noted(ids, *valkey.run(_noting(ids)))
    return found | _looked_at(lapsed, valkey.run(*_looking_at(lapsed))) if lapsed else found


async def states_of(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Do what `states` does for an event loop."""
    if not ids:
        return {}
    found, lapsed = _noted(ids, *await valkey.ask(_noting(ids)))
    return found | _looked_at(lapsed, await valkey.ask(*_looking_at(lapsed))) if lapsed else found


def _noting(ids: Sequence[UUID]) -> Command:
    return ("HMGET", valkey.key("present"), *map(str, ids))


def _noted(ids: Sequence[UUID], notes: Sequence[bytes | None]) -> tuple[dict[UUID, str], list[UUID]]:
    """Read noted states; who is in the second place has one that lapsed."""
    now, found, lapsed = time.time(), dict.fromkeys(ids, "offline"), []
    for user_id, noted in zip(ids, notes, strict=True):
        if noted is None:
            continue
        state, _, lapses = noted.decode().partition(":")
        if float(lapses) > now:
            found[user_id] = state
        else:
            lapsed.append(user_id)
    return found, lapsed


def _looking_at(ids: Sequence[UUID]) -> list[Command]:
    return [("HGETALL", _key(user_id)) for user_id in ids]


def _looked_at(ids: Sequence[UUID], found: Sequence[dict[bytes, bytes]]) -> dict[UUID, str]:
    return {user_id: _state(entries) for user_id, entries in zip(ids, found, strict=True)}


async def last_seen(user_id: UUID) -> int | None:
    """Return the Unix time at which the last connection of a person ended."""
    [value] = await valkey.ask(("GET", valkey.key("seen", user_id)))
    return int(value) if value else None


# A place among a person's sockets; the score is the time at which a dead one lapses.
TAKE_PLACE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], 120)
return 1
"""


def _place_key(user_id: UUID) -> str:
    return valkey.key("sockets", user_id)


async def take_place(user_id: UUID, connection_id: str, *, most: int) -> bool:
    """Count a connection among the person's open ones, over all processes; False when there are `most`."""
    now = time.time()
    arguments = (now, now + ALIVE_SECONDS, connection_id, most)
    [is_taken] = await valkey.ask(("EVAL", TAKE_PLACE, 1, _place_key(user_id), *arguments))
    return bool(is_taken)


async def give_place(user_id: UUID, connection_id: str) -> None:
    await valkey.ask(("ZREM", _place_key(user_id), connection_id))


def forget(user_id: UUID) -> None:
    """Take everything that is known of a person's presence away."""
    pipe = valkey.connection().pipeline()
    pipe.delete(_key(user_id), valkey.key("seen", user_id), _place_key(user_id))
    pipe.hdel(valkey.key("present"), str(user_id))
    pipe.execute()
