"""Models of what the gateway itself sends. Every frame also has `timestamp`; `asyncapi` makes the document of them."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired, TypedDict
from uuid import UUID

import msgspec

from lyceum.realtime.registry import server_frame

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Number = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Code = Literal[
    "malformed",
    "unknown_type",
    "invalid",
    "too_long",
    "not_found",
    "conversation_required",
    "wrong_conversation",
    "wrong_socket",
    "unknown_topic",
    "client_id_reused",
    "rate_limited",
    "too_many_sockets",
    "session_ended",
    "unavailable",
    "internal",
]


class FieldProblem(TypedDict):
    field: str
    code: str
    detail: str


@server_frame("error")
class ErrorFrame(TypedDict):
    """What was wrong with a frame; the connection lives unless a close follows."""

    code: Code
    message: str
    conversation: NotRequired[UUID]
    client_id: NotRequired[str]
    retry_after: NotRequired[Seconds]
    errors: NotRequired[list[FieldProblem]]


@server_frame("pong")
class PongFrame(TypedDict):
    """The answer to `ping`."""


@server_frame("draining")
class DrainingFrame(TypedDict):
    """The server is about to close with 1012; come back after so many seconds."""

    reconnect_in: Seconds


@server_frame("reload")
class ReloadFrame(TypedDict):
    """Too much is missing, or may be: read anew over HTTP. Without a conversation it is about all."""

    count: Number
    conversation: NotRequired[UUID]


@server_frame("job")
class JobFrame(TypedDict):
    """How a job of one's own stands, to who subscribed to `jobs`; progress is in percent."""

    id: UUID
    state: Literal["waiting", "running", "done", "failed"]
    progress: Annotated[int, msgspec.Meta(ge=0, le=100)]
    message: str


@server_frame("heartbeat")
class HeartbeatFrame(TypedDict):
    """Every 15 seconds: the last sequence, or on `/ws/` those that moved since the last heartbeat."""

    conversation: NotRequired[UUID]
    sequence: NotRequired[Number]
    sequences: NotRequired[dict[UUID, Number]]
