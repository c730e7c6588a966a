"""What a domain gives the gateway: its commands, and what opens, beats and closes with a connection."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import msgspec

from lyceum.accounts.public import SignIn


class ClientFrame(msgspec.Struct, kw_only=True):
    """A frame from a client; unknown fields are passed over."""

    conversation: UUID | None = None


@dataclass(frozen=True)
class Opening:
    """What a connection starts with: the groups it hears and the fields of `connection_established`."""

    groups: list[str]
    established: dict[str, Any]
    follow_up: list[dict[str, Any]] = field(default_factory=list)


class Caller(Protocol):
    """The connection as a command sees it."""

    id: str
    sign_in: SignIn
    conversation: UUID | None

    def answer(self, frame: dict[str, Any]) -> None:
        """Send a frame to this connection alone."""


class Domain(Protocol):
    """The one domain behind the sockets; all its calls are made in threads."""

    def open(self, sign_in: SignIn, conversation: UUID | None) -> Opening | None:
        """Return what the connection starts with; None when the conversation is not the person's."""

    def beat(self, sign_in: SignIn, conversation: UUID | None, told: dict[str, int]) -> dict[str, Any]:
        """Return the fields of a heartbeat; `told` holds what the last one said, and is kept up."""

    def opened(self, sign_in: SignIn, connection_id: str) -> None: ...

    def closed(self, sign_in: SignIn, connection_id: str) -> None: ...

    def went(self, sign_in: SignIn) -> None:
        """Called 10 seconds after a connection ended."""


Handler = Callable[[Caller, Any], Awaitable[None]]


@dataclass(frozen=True)
class Command:
    name: str
    frame: type[ClientFrame]
    handle: Handler
    needs_conversation: bool
    on_multiplexed_only: bool


commands: dict[str, Command] = {}
server_frames: dict[str, dict[str, Any]] = {}
_domain: list[Domain] = []


def command(
    name: str, frame: type[ClientFrame], *, needs_conversation: bool = True, on_multiplexed_only: bool = False
) -> Callable[[Handler], Handler]:
    """Register what happens on a frame of type `name`."""

    def register(handle: Handler) -> Handler:
        commands[name] = Command(name, frame, handle, needs_conversation, on_multiplexed_only)
        return handle

    return register


def set_domain(domain: Domain) -> None:
    _domain[:] = [domain]


def domain() -> Domain:
    return _domain[0]


def describe_frames(frames: dict[str, dict[str, Any]]) -> None:
    """Add the server's frames of a domain to the protocol document: type → JSON Schema of its fields."""
    server_frames.update(frames)
