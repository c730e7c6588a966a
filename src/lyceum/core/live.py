"""Live pushes: frames to the sockets of a group, after commit and never before it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from django.db import transaction
from msgspec.structs import replace
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.core.grouped import Grouped
from lyceum.core.json import dump
from lyceum.core.loops import of_loop

log = structlog.get_logger("lyceum.live")
CHANNEL = "live"


class Push(msgspec.Struct, array_like=True, frozen=True):
    """A frame for the connections of a group, encoded once for all of them.

    `exclude` names a connection that already knows, or `user:<id>`. `only` and `never` name people (`user:<id>`),
    where not all may see the same. `control` is for the gateway: `join:<group>`, `leave:<group>` or `close:<code>`
    is carried out for the group's connections after the frame; `part:<group>` takes the group away ahead of `leave`,
    which also ends a socket that is for it alone. `also` names more groups: who is in several hears it once.

    `sequence` is the number of what the frame is about. Who joined the group with `above`, which belongs to `join`,
    hears only of what is numbered higher, however late an older frame comes.
    """

    group: str
    text: bytes
    exclude: str = ""
    control: str = ""
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sequence: int = 0
    above: int = 0
    # When it began, in seconds of the clock: a message's sending, else the making of the frame.
    at: float = 0.0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Push])


def make_push(group: str, frame: Mapping[str, object], **options: Any) -> Push:
    """Encode a frame with its time and the conversation of its group; an empty frame carries only its control."""
    options.setdefault("at", time.time())
    if not frame:
        return Push(group, b"", **options)
    stamped: dict[str, object] = {"type": frame["type"], "timestamp": datetime.now(UTC)}
    kind, _, identity = group.partition(":")
    if kind == "conversation":
        stamped["conversation"] = identity
    return Push(group, dump({**stamped, **frame}), **options)


def pack(pushes: Sequence[Push]) -> bytes:
    """Put pushes into the one message that every process's hub reads."""
    return _encoder.encode(pushes)


def unpack(data: bytes) -> list[Push]:
    return _decoder.decode(data)


def push_all(groups: Iterable[str], frame: Mapping[str, object], **options: Any) -> None:
    """Publish a frame to groups now. A hint: who misses it learns the truth by sequence."""
    names = list(groups)
    if not names:
        return
    first = make_push(names[0], frame, **options)
    is_same = not any(name.startswith("conversation:") for name in names)
    # What is told to many people is encoded once.
    rest = (replace(first, group=n) if is_same else make_push(n, frame, **options) for n in names[1:])
    publish([first, *rest])


def publish(pushes: Sequence[Push]) -> None:
    try:
        valkey.connection().publish(valkey.key(CHANNEL), pack(pushes))
    except RedisError as err:
        log.warning("push_failed", error=type(err).__name__)


async def publish_soon(pushes: Sequence[Push]) -> None:
    """Publish from an event loop: what many publish at once is one message."""
    if not pushes:
        return
    try:
        await _publisher().ask(pushes)
    except RedisError as err:
        log.warning("push_failed", error=type(err).__name__)


async def _publish_together(many: Sequence[Sequence[Push]]) -> Sequence[None]:
    await valkey.ask(("PUBLISH", valkey.key(CHANNEL), pack([push for pushes in many for push in pushes])))
    return [None] * len(many)


_publisher = of_loop(lambda: Grouped(_publish_together, most=100, calls=1))


def push_on_commit(group: str, frame: Mapping[str, object], **options: Any) -> None:
    """Publish a frame to a group when the caller's transaction commits; the options are the fields of `Push`."""
    transaction.on_commit(lambda: push_all([group], frame, **options), robust=True)
