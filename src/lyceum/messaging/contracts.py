"""Events of messaging; framework-free, importable from anywhere."""

import msgspec

from lyceum.core.events import Event
from lyceum.core.ids import uuid7


def _new_id() -> str:
    return str(uuid7())


class MessageSent(Event, frozen=True):
    """A message was committed. It carries no text: who needs that reads it with the reader's rights."""

    message_id: str
    conversation_id: str
    sender_id: str
    sequence: int


class MessageEdited(Event, frozen=True):
    """The text of a kept message was changed; one that vanishes is nobody's business but its members'."""

    message_id: str
    conversation_id: str
    sender_id: str
    sequence: int
    event_id: str = msgspec.field(default_factory=_new_id)


class MessageDeleted(Event, frozen=True):
    """The text of a kept message was taken away, by its writer or by an owner."""

    message_id: str
    conversation_id: str
    by_id: str
    sequence: int
    event_id: str = msgspec.field(default_factory=_new_id)


class MemberAdded(Event, frozen=True):
    conversation_id: str
    user_id: str
    event_id: str = msgspec.field(default_factory=_new_id)


class MemberRemoved(Event, frozen=True):
    conversation_id: str
    user_id: str
    event_id: str = msgspec.field(default_factory=_new_id)
