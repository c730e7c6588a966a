"""Events of messaging; framework-free, importable from anywhere."""

from lyceum.core.events import Event


class MessageSent(Event, frozen=True):
    """A message was committed. It carries no text: who needs that reads it with the reader's rights."""

    message_id: str
    conversation_id: str
    sender_id: str
    sequence: int


class MemberAdded(Event, frozen=True):
    conversation_id: str
    user_id: str


class MemberRemoved(Event, frozen=True):
    conversation_id: str
    user_id: str
