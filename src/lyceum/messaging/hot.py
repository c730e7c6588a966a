"""The hot tail: the newest messages of permanent conversations that are read, in Valkey; PostgreSQL stays the truth.

One sorted set for a conversation, scored by sequence, under a key that holds the conversation's `tail_version`. That
number is part of the transaction of everything that changes a message which is there already, so that a tail which
missed a change is simply not found any more; nothing has to be taken out of Valkey in time. A new message is appended
after its commit, and a reader, who knows the last sequence from PostgreSQL, believes a tail only when it is complete
up to there. People are kept as ids: their names are read with every page.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError

from lyceum.core import valkey

log = structlog.get_logger("lyceum.hot")
LENGTH = 200
LIFE_SECONDS = 3600
# Only where somebody reads is a tail kept up.
APPEND = f"""
for place, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('ZADD', key, ARGV[2 * place - 1], ARGV[2 * place])
    redis.call('ZREMRANGEBYRANK', key, 0, -{LENGTH + 1})
    redis.call('EXPIRE', key, {LIFE_SECONDS})
  end
end
"""


class Warm(msgspec.Struct, array_like=True):
    """A message as it stands in a tail: what its row holds, what it replies to, its thread and its reactions."""

    id: UUID
    sequence: int
    sender: UUID | None
    client_id: str | None
    content: str
    metadata: dict[str, Any]
    created_at: datetime
    message_type: str = "user"
    version: int = 1
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    changed_at: datetime | None = None
    reply: tuple[UUID, int, UUID | None, str] | None = None
    thread_root: UUID | None = None
    thread_count: int = 0
    reactions: list[tuple[str, list[UUID]]] = []
    attachments: list[dict[str, Any]] = []


class Entry(msgspec.Struct, frozen=True):
    """A message on its way to the tail of its conversation."""

    key: str
    sequence: int
    text: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Warm).decode


def key_of(conversation_id: UUID, version: int) -> str:
    return valkey.key("hot", conversation_id, version)


def entry(conversation_id: UUID, version: int, warm: Warm) -> Entry:
    return Entry(key_of(conversation_id, version), warm.sequence, _encode(warm))


def append_arguments(entries: Sequence[Entry]) -> list[Any]:
    """Return what `eval` takes after the script."""
    values = [value for found in entries for value in (found.sequence, found.text)]
    return [len(entries), *(found.key for found in entries), *values]


def append(entries: Sequence[Entry]) -> None:
    """Append committed messages; a tail that misses one is not believed, so this may fail."""
    try:
        valkey.connection().eval(APPEND, *append_arguments(entries))
    except RedisError as err:
        log.warning("tail_not_appended", error=type(err).__name__)


def read(conversation_id: UUID, version: int, low: int, high: int) -> list[Warm] | None:
    """Return the messages from `low` to `high`, None when the tail does not hold every one of them."""
    if high - low >= LENGTH:
        return None
    client: Any = valkey.connection()
    try:
        found = [_decode(text) for text in client.zrangebyscore(key_of(conversation_id, version), low, high)]
    except (RedisError, msgspec.DecodeError):
        return None
    return found if [warm.sequence for warm in found] == list(range(low, high + 1)) else None


def fill(conversation_id: UUID, version: int, messages: Iterable[Warm]) -> None:
    """Put the newest messages in place, as PostgreSQL had them after this version was read."""
    kept = sorted(messages, key=lambda warm: warm.sequence)[-LENGTH:]
    if not kept:
        return
    key = key_of(conversation_id, version)
    try:
        pipeline = valkey.connection().pipeline()
        pipeline.zremrangebyscore(key, kept[0].sequence, kept[-1].sequence)
        pipeline.zadd(key, {_encode(warm): warm.sequence for warm in kept})
        pipeline.zremrangebyrank(key, 0, -(LENGTH + 1))
        pipeline.expire(key, LIFE_SECONDS)
        pipeline.execute()
    except RedisError as err:
        log.warning("tail_not_filled", error=type(err).__name__)


def forget(conversation_id: UUID) -> None:
    """Take every tail of a conversation out of Valkey."""
    client = valkey.connection()
    for found in client.scan_iter(valkey.key("hot", conversation_id, "*"), count=1000):
        client.delete(found)
