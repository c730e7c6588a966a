import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as ThreadRetry

from lyceum.core.grouped import Grouped
from lyceum.core.loops import of_loop

Command = tuple[Any, ...]
MOST_ASKED = 64
WAIT_SECONDS = 2.0


@cache
def connection() -> redis.Redis:
    """Return this process's shared client for work in threads.

    One more try finds a server that was started again; more of them would only hold the thread.
    """
    retry = ThreadRetry(NoBackoff(), 1)
    return redis.Redis.from_url(
        settings.REDIS_URL, max_connections=64, socket_connect_timeout=1, socket_timeout=2, retry=retry
    )


def open_async() -> redis.asyncio.Redis:
    """Open a client for one event loop; the caller closes it.

    It never connects again by itself: a subscription that did would lose messages without anybody knowing.
    """
    retry = Retry(NoBackoff(), 0)
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=None, retry=retry)


def key(*parts: object) -> str:
    return settings.REDIS_PREFIX + ":".join(str(part) for part in parts)


def run(*commands: Command) -> list[Any]:
    """Carry out commands in one round trip, and return what each returns; for work in threads."""
    pipeline: Any = connection().pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return list(pipeline.execute())


async def ask(*commands: Command) -> list[Any]:
    """Do what `run` does for an event loop: many who ask at once share a round trip."""
    answers = await _asked().ask(commands)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


class _Asked:
    def __init__(self) -> None:
        self._client: Any = open_async()

    async def __call__(self, groups: Sequence[Sequence[Command]]) -> list[list[Any]]:
        commands = [command for group in groups for command in group]
        try:
            answers = await self._execute(commands)
        except (redis.ConnectionError, OSError):
            # The connection had died, as after a restart; it is not known whether a command was carried out.
            answers = await self._execute(commands)
        each = iter(answers)
        return [[next(each) for _ in group] for group in groups]

    async def _execute(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return list(await pipeline.execute(raise_on_error=False))
        except TimeoutError as err:
            raise RedisError("Valkey does not answer.") from err


_asked = of_loop(lambda: Grouped(_Asked(), most=MOST_ASKED, calls=1))
