"""One open socket: its limit of frames, what it hears, and how it ends."""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from lyceum.accounts.public import SignIn
from lyceum.core import json
from lyceum.core.access_lines import Source
from lyceum.core.errors import FieldError
from lyceum.realtime.hub import hub
from lyceum.realtime.writers import Frame, Writer

TOO_SLOW = 4408
FRAMES_A_SECOND, FRAMES_BURST = 10, 30
FLOOD_REFUSALS, FLOOD_SECONDS = 100, 10


def stamped(fields: dict[str, Any]) -> bytes:
    """Encode a frame with its time, where it has none of its own."""
    return json.dump({"type": fields["type"], "timestamp": datetime.now(UTC), **fields})


def error(
    code: str,
    message: str,
    *,
    client_id: Any = None,
    retry_after: float | None = None,
    errors: list[FieldError] | None = None,
    conversation: UUID | None = None,
) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": "error", "code": code, "message": message}
    if isinstance(client_id, str) and not json.has_lone_surrogate(client_id):
        frame["client_id"] = client_id[:64]
    if retry_after is not None:
        frame["retry_after"] = round(retry_after, 3)
    if errors is not None:
        frame["errors"] = [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors]
    if conversation is not None:
        frame["conversation"] = conversation
    return frame


def _finish(rest: "asyncio.Future[None]") -> None:
    if not rest.done():
        rest.set_result(None)


class FrameLimit:
    """10 frames a second with a burst of 30 on one connection (a token bucket)."""

    def __init__(self) -> None:
        self._left, self._at = float(FRAMES_BURST), time.monotonic()
        self._refusals: list[float] = []

    def take(self) -> float:
        """Return 0 when the frame passes, else the seconds to wait."""
        if not settings.LIMITS_ENABLED:
            return 0.0
        moment = time.monotonic()
        self._left = min(FRAMES_BURST, self._left + (moment - self._at) * FRAMES_A_SECOND)
        self._at = moment
        if self._left >= 1:
            self._left -= 1
            return 0.0
        self._refusals = [at for at in self._refusals if moment - at < FLOOD_SECONDS] + [moment]
        return (1 - self._left) / FRAMES_A_SECOND

    @property
    def is_flood(self) -> bool:
        return len(self._refusals) > FLOOD_REFUSALS


class Connection:
    """One open socket of a signed-in person; `kept` is for what its domain remembers with it."""

    def __init__(self, sign_in: SignIn, conversation: UUID | None, writer: Writer, source: Source) -> None:
        self.id = secrets.token_hex(12)
        self.source = source
        self.sign_in, self.conversation, self.writer = sign_in, conversation, writer
        self.user_id = str(sign_in.user_id)
        self.person = f"user:{sign_in.user_id}"
        self.is_multiplexed = conversation is None
        self.groups: set[str] = set()
        # Of topics that were asked for; the domain knows nothing of them.
        self.topics: set[str] = set()
        self.moves = 0
        self.is_doubted = False
        self._rest: asyncio.Future[None] | None = None
        self.limit = FrameLimit()
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.state = "online"
        self.told: dict[str, int] = {}
        self.kept: dict[Any, Any] = {}

    @property
    def own_groups(self) -> set[str]:
        """The groups that are the connection's whatever its domain says."""
        return {f"session:{self.sign_in.session_id}", self.person, *self.topics}

    def hear(self, group: str) -> None:
        self.topics.add(group)
        hub().join(self, group)

    def unhear(self, group: str) -> None:
        self.topics.discard(group)
        hub().leave(self, group)

    def covers(self, group: str) -> bool:
        return self.conversation is not None and group == f"conversation:{self.conversation}"

    def doubt(self) -> None:
        self.is_doubted = True
        if self._rest is not None:
            _finish(self._rest)

    async def rest(self, seconds: float) -> None:
        """Sleep, until its groups are doubted at most; costs what a sleep costs."""
        loop = asyncio.get_running_loop()
        self._rest = loop.create_future()
        timer = loop.call_later(seconds, _finish, self._rest)
        try:
            await self._rest
        finally:
            timer.cancel()
            self._rest = None

    def deliver(self, frame: Frame) -> None:
        if self.ending.done():
            return
        if not self.writer.write(frame):
            self.end(TOO_SLOW)

    def answer(self, frame: dict[str, Any], *, behind: str = "") -> None:
        if behind:
            hub().answer(self, behind, Frame(stamped(frame)))
        else:
            self.deliver(Frame(stamped(frame)))

    def end(self, code: int) -> None:
        """Close soon with a code; frames given before still go out."""
        hub().forget(self)
        if self.ending.done():
            return
        if code == 4401:
            self.answer(error("session_ended", "This sign-in has ended. Sign in again."))
        self.ending.set_result(code)
