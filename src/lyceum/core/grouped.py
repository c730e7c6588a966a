"""One call for many: what is asked while the last call is in flight goes into the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Grouped(Generic[Asked, Answered]):
    """Asks a function about many things at once, without any wait when there is one.

    `call` takes at most `most` things and returns an answer for each, in order; what it raises, everyone who asked in
    that call gets. At most `calls` of them are in flight.
    """

    def __init__(self, call: Callable[[list[Asked]], Awaitable[Sequence[Answered]]], *, most: int, calls: int) -> None:
        self._call, self._most, self._free = call, most, calls
        self._waiting: deque[tuple[Asked, asyncio.Future[Answered]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, thing: Asked) -> Answered:
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, future))
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer([self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))])
        finally:
            self._free += 1

    async def _answer(self, group: list[tuple[Asked, asyncio.Future[Answered]]]) -> None:
        try:
            answers = await self._call([thing for thing, _ in group])
        except Exception as err:  # noqa: BLE001  # handed to everyone who asked
            for _, future in group:
                if not future.done():
                    future.set_exception(err)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            # Whoever went meanwhile has taken their question back.
            if not future.done():
                future.set_result(answer)
