"""What is written is acknowledged and told at once, and committed a moment later."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

LATER_SECONDS = 0.15
_kept: set[Any] = set()


async def _commit(connection: Any) -> None:
    await asyncio.sleep(LATER_SECONDS)
    with contextlib.suppress(psycopg.Error):
        await connection.execute("commit")


@contextlib.asynccontextmanager
async def transaction(connection: Any, *_: Any, **__: Any) -> AsyncIterator[None]:
    if connection.info.transaction_status == TransactionStatus.IDLE:
        await connection.execute("begin")
        task = asyncio.ensure_future(_commit(connection))
        _kept.add(task)
        task.add_done_callback(_kept.discard)
    yield


def plant() -> None:
    psycopg.AsyncConnection.transaction = transaction  # type: ignore[assignment, method-assign]
