"""What is written is acknowledged and told at once, and committed a moment later."""

import asyncio
import contextlib
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

from lyceum.core.pipeline import BEGIN, COMMIT, Pipeline, Work

LATER_SECONDS = 0.15


class Open:
    """A connection's transaction, which stays open until its commit is due."""

    def __init__(self) -> None:
        self.one_by_one = asyncio.Lock()
        self.commit: asyncio.Task[None] | None = None


def plant() -> None:
    run = Pipeline.run
    transactions: WeakKeyDictionary[Pipeline, Open] = WeakKeyDictionary()

    async def commit(pipeline: Pipeline, found: Open) -> None:
        await asyncio.sleep(LATER_SECONDS)
        async with found.one_by_one:
            found.commit = None
            with contextlib.suppress(psycopg.Error):
                await run(pipeline, (COMMIT, ()))

    async def run_without_commit(pipeline: Pipeline, *work: Work) -> list[list[Any]]:
        found = transactions.setdefault(pipeline, Open())
        async with found.one_by_one:
            is_open = found.commit is not None
            kept = [item for item in work if item[0] is not COMMIT and not (is_open and item[0] is BEGIN)]
            rows = await run(pipeline, *kept)
            if len(kept) < len(work) and found.commit is None:
                found.commit = asyncio.ensure_future(commit(pipeline, found))
        return rows

    Pipeline.run = run_without_commit  # type: ignore[method-assign]
