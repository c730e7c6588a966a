import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")
# Fewer than the database pool has connections, so that sockets leave some for HTTP.
_pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="gateway")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run synchronous domain code in a thread that gives its database connection back to the pool."""

    def run() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    # With the request id of the caller, for the lines and jobs that come of it.
    return await asyncio.get_running_loop().run_in_executor(_pool, contextvars.copy_context().run, run)


_tasks: set[asyncio.Future[Any]] = set()


def later(work: Awaitable[Any]) -> None:
    """Let work run beside, held until it is done."""
    task = asyncio.ensure_future(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
