"""What a domain gives the gateway: its commands, and what opens, beats and closes with a connection."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from lyceum.accounts.public import SignIn


class ClientFrame(msgspec.Struct, kw_only=True):
    """A frame from a client; unknown fields are passed over."""

    conversation: UUID | None = None


@dataclass(frozen=True)
class Opening:
    """What a connection starts with: the fields of `connection_established`, and frames after it."""

    established: dict[str, Any]
    follow_up: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Beat:
    """What a heartbeat says, and the groups that the connection should hear by now, as `Domain.groups` gives them."""

    fields: dict[str, Any]
    groups: dict[str, int]


class Caller(Protocol):
    """The connection as a command sees it; in `kept` the domain remembers what belongs to it."""

    id: str
    sign_in: SignIn
    conversation: UUID | None
    state: str
    kept: dict[Any, Any]

    def answer(self, frame: dict[str, Any], *, behind: str = "") -> None:
        """Send a frame to this connection alone; `behind` names a group whose frames it does not overtake."""

    def hear(self, group: str) -> None:
        """Join the group of a topic until the connection ends."""

    def unhear(self, group: str) -> None:
        """Leave the group of a topic again."""


class Domain(Protocol):
    """The one domain behind the sockets."""

    async def groups(self, sign_in: SignIn, conversation: UUID | None) -> dict[str, int] | None:
        """Return the groups that a connection hears, each with the number above which it does (0 for everything).

        None when the conversation is not the person's.
        """

    async def open(self, sign_in: SignIn, conversation: UUID | None) -> Opening | None:
        """Return what the connection starts with; called after it has joined its groups."""

    async def beat(self, sign_in: SignIn, conversation: UUID | None, told: dict[str, int]) -> Beat | None:
        """Return a heartbeat, None as for `groups`; `told` holds what the last one said, and is kept up."""

    async def opened(self, sign_in: SignIn, connection_id: str) -> None: ...

    async def closed(self, caller: Caller) -> None: ...

    async def went(self, user_id: UUID) -> None:
        """Called 10 seconds after a connection of the person ended, or when it was not heard of for long."""


M = TypeVar("M")
Handler = Callable[[Caller, Any], Awaitable[None]]
# Calls its last argument once when it has ended, with what went wrong.
Done = Callable[[BaseException | None], None]
Start = Callable[[Caller, Any, Done], None]


@dataclass(frozen=True)
class Command:
    name: str
    frame: type[ClientFrame]
    needs_conversation: bool = True
    on_multiplexed_only: bool = False
    # One of the two.
    handle: Handler | None = None
    start: Start | None = None


commands: dict[str, Command] = {}
server_frames: dict[str, Any] = {}
_domain: list[Domain] = []


def command(
    name: str, frame: type[ClientFrame], *, needs_conversation: bool = True, on_multiplexed_only: bool = False
) -> Callable[[Handler], Handler]:
    """Register what happens on a frame of type `name`."""

    def register(handle: Handler) -> Handler:
        commands[name] = Command(name, frame, needs_conversation, on_multiplexed_only, handle)
        return handle

    return register


def started_command(name: str, frame: type[ClientFrame]) -> Callable[[Start], Start]:
    """Register a command that is started, and tells when it has ended; the next such frame does not wait for that."""

    def register(start: Start) -> Start:
        commands[name] = Command(name, frame, start=start)
        return start

    return register


def set_domain(domain: Domain) -> None:
    _domain[:] = [domain]


def domain() -> Domain:
    return _domain[0]


def server_frame(name: str) -> Callable[[M], M]:
    """Register the model of a frame that the server sends; the class stands in the protocol document."""

    def register(model: M) -> M:
        server_frames[name] = model
        return model

    return register
