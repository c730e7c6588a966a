"""Frames of one connection are handled side by side, as by a pool of threads."""

import asyncio
import random
from typing import Any

from lyceum.realtime import gateway

_kept: set[Any] = set()


def plant() -> None:
    one_by_one = gateway.handle

    async def soon(connection: Any, text: str) -> None:
        await asyncio.sleep(random.uniform(0, 0.02))
        await one_by_one(connection, text)

    async def handle(connection: Any, text: str) -> bool:
        task = asyncio.ensure_future(soon(connection, text))
        _kept.add(task)
        task.add_done_callback(_kept.discard)
        return True

    gateway.handle = handle
