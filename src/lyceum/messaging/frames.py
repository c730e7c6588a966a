"""Models of what people's chat sends over sockets; a frame is made once for all, so nothing in it is `mine`."""

from typing import Annotated, Literal, NotRequired, TypedDict
from uuid import UUID

import msgspec

from lyceum.realtime.frames import Number, Time
from lyceum.realtime.registry import server_frame

Role = Literal["owner", "member"]
State = Literal["online", "away", "offline"]


class Person(TypedDict):
    id: UUID | None
    name: str
    kind: Literal["user", "assistant", "visitor", "service"]
    avatar: str | None


class Participant(Person):
    role: Role
    read_sequence: Number


class ReplyTo(TypedDict):
    """The message that is replied to; without sender and excerpt where the reader may not see it."""

    id: UUID
    sequence: Number
    sender: Person | None
    excerpt: str | None


class Thread(TypedDict):
    root: UUID
    count: Number


class Reaction(TypedDict):
    emoji: str
    count: Number
    users: Annotated[list[UUID], msgspec.Meta(max_length=20)]


class OwnReaction(TypedDict):
    emoji: str
    count: Number
    mine: bool


class Attachment(TypedDict):
    """A file of a message; without addresses until it is ready."""

    id: UUID
    name: str
    content_type: str
    size: Number
    url: str | None
    preview_url: str | None
    state: Literal["pending", "ready", "blocked"]


class Mentions(TypedDict):
    mentions: NotRequired[list[UUID]]


class MessageHead(TypedDict):
    id: UUID
    conversation: UUID
    sequence: Number
    client_id: str | None
    sender: Person
    message_type: Literal["user", "ai", "system"]
    content: str
    timestamp: Time
    reply_to: ReplyTo | None
    thread: Thread | None
    attachments: list[Attachment]
    edited_at: Time | None
    deleted: bool
    metadata: Mentions


class Message(MessageHead):
    reactions: list[Reaction]


class LastMessage(MessageHead):
    """A message inside a conversation object, which is made for one reader."""

    reactions: list[OwnReaction]


class Conversation(TypedDict):
    id: UUID
    kind: Literal["direct", "group"]
    name: str | None
    retention: Literal["permanent", "ephemeral"]
    history: Literal["joined", "all"]
    participants: list[Participant]
    last_message: LastMessage | None
    last_sequence: Number
    unread_count: Number
    muted: bool
    notifications: Literal["all", "mentions", "none"]
    created_at: Time
    updated_at: Time
    ended_at: Time | None


class Standing(TypedDict):
    id: UUID
    sequence: Number
    unread_count: Number


class PresenceOf(TypedDict):
    user: UUID
    state: Literal["online", "away"]


class Changes(TypedDict, total=False):
    name: str
    history: Literal["joined", "all"]
    roles: dict[UUID, Role]
    ended: Literal[True]
    # One's own, told to one's own devices alone.
    notifications: Literal["all", "mentions", "none"]
    hidden: Literal[True]


@server_frame("connection_established")
class ConnectionEstablishedFrame(TypedDict):
    """The first frame of a connection; `conversations` on `/ws/`, `conversation` on that of one."""

    session_id: str
    sequence: Number
    user: Person
    message: str
    conversation: NotRequired[UUID]
    conversations: NotRequired[list[Standing]]


@server_frame("user_message_received")
class AcknowledgementFrame(TypedDict):
    """The message is durable; `timestamp` is the message's."""

    conversation: UUID
    message_id: UUID
    client_id: str | None
    sequence: Number
    content: str


@server_frame("message")
class MessageFrame(TypedDict):
    """A new message, or one that was missed."""

    conversation: UUID
    message: Message


@server_frame("message_edited")
class MessageEditedFrame(TypedDict):
    conversation: UUID
    message: Message


@server_frame("message_deleted")
class MessageDeletedFrame(TypedDict):
    conversation: UUID
    message_id: UUID
    sequence: Number


@server_frame("reaction")
class ReactionFrame(TypedDict):
    conversation: UUID
    message_id: UUID
    emoji: str
    user: UUID
    added: bool
    reactions: list[Reaction]


ResumedFrame = TypedDict(
    "ResumedFrame",
    {"conversation": UUID, "from": Number, "to": Number, "count": Number},  # `from`
)
server_frame("resumed")(ResumedFrame)


@server_frame("typing_indicator")
class TypingFrame(TypedDict):
    conversation: UUID
    user: UUID
    is_typing: bool


@server_frame("read_receipt")
class ReadReceiptFrame(TypedDict):
    conversation: UUID
    user: UUID
    sequence: Number


@server_frame("presence")
class PresenceFrame(TypedDict):
    user: UUID
    state: State
    last_seen: Time | None


@server_frame("presence_snapshot")
class PresenceSnapshotFrame(TypedDict):
    """On `/ws/`, once: those who share a conversation and are not offline."""

    users: list[PresenceOf]


@server_frame("member_added")
class MemberAddedFrame(TypedDict):
    conversation: UUID
    user: Person
    role: Role
    by: UUID


@server_frame("member_removed")
class MemberRemovedFrame(TypedDict):
    conversation: UUID
    user: UUID
    by: UUID


@server_frame("conversation_added")
class ConversationAddedFrame(TypedDict):
    """On `/ws/`, to who was added, is the other of a new direct conversation, or gets one back."""

    conversation: UUID
    details: Conversation


@server_frame("conversation_updated")
class ConversationUpdatedFrame(TypedDict):
    conversation: UUID
    changes: Changes
