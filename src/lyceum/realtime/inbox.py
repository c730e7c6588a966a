"""What one connection asks for, in its order: sends go into the writer's batch at once, all else one by one."""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Awaitable, Callable

from lyceum.core import tallies
from lyceum.realtime.connections import Connection, error
from lyceum.realtime.dispatch import Turn, client_id_of

MAX_FRAMES, MAX_CHARACTERS = 100, 256 * 1024
FLOOD = 4429


class Inbox:
    """Takes the frames of a connection as they arrive.

    A command that is started and tells when it has ended (a send) does not hold up the next such one, so that many
    share a commit; any other waits until everything before it has ended. Answers come in the order of the frames.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[Turn] = deque()
        self._started = self._characters = 0
        self._task: asyncio.Task[None] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._context = contextvars.copy_context()
        self.on_room: Callable[[], None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self._waiting) + self._started >= MAX_FRAMES or self._characters >= MAX_CHARACTERS

    def take(self, text: str) -> bool:
        """Take a frame; False when no more should be read until there is room."""
        connection = self._connection
        refused_for = connection.limit.take()
        tallies.count("limit", "frame", "refused" if refused_for else "passed")
        if refused_for and connection.limit.is_flood:
            connection.end(FLOOD)
            return True
        turn = Turn(connection, text, time.perf_counter(), refused_for, self._end)
        self._characters += len(text)
        if self._task is not None:
            self._waiting.append(turn)
        elif (work := self._context.run(self._begin, turn)) is not None:
            self._task = asyncio.get_running_loop().create_task(self._work(turn, work), context=self._context)
        return not self.is_full

    def _begin(self, turn: Turn) -> Awaitable[None] | None:
        """Start a frame; returns what is still to be awaited, once everything before has ended."""
        self._started += 1
        if turn.refused_for:
            fields = {"client_id": client_id_of(turn.text), "retry_after": turn.refused_for}
            turn.refuse(error("rate_limited", "Too many frames. Wait a little.", **fields))
            return None
        return turn.begin()

    async def _work(self, turn: Turn, work: Awaitable[None] | None) -> None:
        while True:
            if work is not None:
                # This one counts itself.
                while self._started > 1:
                    self._ended = asyncio.get_running_loop().create_future()
                    await self._ended
                await turn.carry_out(work)
            if not self._waiting:
                break
            turn = self._waiting.popleft()
            work = self._begin(turn)
        self._task = None
        self._tell_of_room()

    def _end(self, turn: Turn) -> None:
        self._started -= 1
        self._characters -= len(turn.text)
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        self._tell_of_room()

    def _tell_of_room(self) -> None:
        if self.on_room is not None and not self.is_full:
            self.on_room()

    async def room(self) -> None:
        """Wait until more may be read."""
        while self.is_full:
            await asyncio.sleep(0.005)

    async def finish(self) -> None:
        """Wait for what was taken: a person who sends and leaves has sent."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def drop(self) -> None:
        """Let go of what was not begun; what is being stored is stored."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
