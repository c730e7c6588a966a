"""Events of messaging; framework-free, importable from anywhere."""

from lyceum.core.events import Event


class MessageSent(Event):
    """A message was committed. It carries no text: who needs that reads it with the reader's rights."""

    message_id: str
    conversation_id: str
    sender_id: str
    sequence: int


class MemberAdded(Event):
    conversation_id: str
    user_id: str


class MemberRemoved(Event):
    conversation_id: str
    user_id: str
