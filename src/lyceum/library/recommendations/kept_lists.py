"""The lists that were made for readers, kept in Valkey for an hour; without it each is made anew.

Beside a list stands a mark that is another one as soon as the reader rates or orders: a list that was begun before
and kept after that is not taken for a new one.
"""

from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError

from lyceum.core import valkey

log = structlog.get_logger("lyceum.recommendations")
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Line:
    book_id: UUID
    # The title of what led to it where it comes of the reader's own past, else the name of a category, or nothing.
    about: str
    is_own: bool = False


@dataclass(frozen=True)
class Shelf:
    """A list for a reader, by ids: what of it may be seen is asked again each time."""

    variant: str
    model: str
    lines: list[Line]


class _Kept(msgspec.Struct, frozen=True):
    mark: str
    shelf: Shelf


def read(user_id: UUID) -> tuple[Shelf | None, str]:
    """Return the list that is kept, if it still holds, and the mark for the next one."""
    try:
        (found,) = valkey.run(("MGET", _mark(user_id), _list(user_id)))
    except RedisError as err:
        log.warning("list_not_read", error=type(err).__name__)
        return None, ""
    mark = (found[0] or b"").decode()
    kept = msgspec.json.decode(found[1], type=_Kept) if found[1] else None
    return (kept.shelf if kept is not None and kept.mark == mark else None), mark


def keep(user_id: UUID, shelf: Shelf, mark: str) -> None:
    data = msgspec.json.encode(_Kept(mark, shelf))
    try:
        valkey.run(("SET", _list(user_id), data, "EX", KEPT_SECONDS))
    except RedisError as err:
        log.warning("list_not_kept", error=type(err).__name__)


def drop(user_id: UUID) -> None:
    """Let the next list be made anew, also if one is being made at this moment."""
    key = _mark(user_id)
    valkey.run(("INCR", key), ("EXPIRE", key, 2 * KEPT_SECONDS), ("DEL", _list(user_id)))


def _mark(user_id: UUID) -> str:
    return valkey.key("recommended", user_id, "mark")


def _list(user_id: UUID) -> str:
    return valkey.key("recommended", user_id, "list")
