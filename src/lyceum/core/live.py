"""Live pushes: frames to the sockets of a group, after commit and never before it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog
from django.db import transaction
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.core.json import dump

log = structlog.get_logger("lyceum.live")
CHANNEL = "live"
SEPARATOR = b"\x00"


def encode(group: str, frame: Mapping[str, object]) -> bytes:
    """Encode a frame once for all its readers, with its time and the conversation of its group."""
    stamped: dict[str, object] = {"type": frame["type"], "timestamp": datetime.now(UTC)}
    kind, _, identity = group.partition(":")
    if kind == "conversation":
        stamped["conversation"] = identity
    return dump({**stamped, **frame})


def push_all(groups: Iterable[str], frame: Mapping[str, object], *, exclude: str = "", control: str = "") -> None:
    """Publish a frame to groups now. A hint: who misses it learns the truth by sequence."""
    pipe = valkey.connection().pipeline(transaction=False)
    for group in groups:
        text = encode(group, frame) if frame else b""
        parts = (group.encode(), exclude.encode(), control.encode(), text)
        pipe.publish(valkey.key(CHANNEL), SEPARATOR.join(parts))
    try:
        pipe.execute()
    except RedisError:
        log.warning("push_failed")


def push_on_commit(group: str, frame: Mapping[str, object], *, exclude: str = "", control: str = "") -> None:
    """Publish a frame to a group when the caller's transaction commits.

    `exclude` names a connection that already knows, or `user:<id>`. `control` is for the gateway:
    `join:<group>`, `leave:<group>` or `close:<code>` is carried out for the group's connections after the frame.
    """
    transaction.on_commit(lambda: push_all([group], frame, exclude=exclude, control=control), robust=True)
