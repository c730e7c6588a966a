import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

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

    return await asyncio.get_running_loop().run_in_executor(_pool, run)
