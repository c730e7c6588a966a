"""The worker process: runs the jobs and their schedule, and ends in time."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from lyceum.runtime import children

CONCURRENCY = 4
# New jobs are announced; this is how soon one is seen whose time to be tried again has come.
POLL_SECONDS = 5.0
GRACE_SECONDS = 12.0
# A database that is gone must not keep it.
LAST_SECONDS = 18.0


def serve() -> None:
    """Work until SIGTERM or SIGINT; what runs then is finished, or taken up by the next worker."""
    asyncio.run(_serve())


def _with_fresh_connection(call_next: Callable[[], Any], *_: Any) -> Any:
    """Run a job with a connection that is given back: its thread may be idle while the database is away."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()


async def _serve() -> None:
    from procrastinate.contrib.django import app

    from lyceum.core import jobs

    connector = app.connector.get_worker_connector()
    with app.replace_connector(connector), _indexing():
        async with app.open_async():
            await jobs.recover()
            work = asyncio.ensure_future(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    fetch_job_polling_interval=POLL_SECONDS,
                    install_signal_handlers=False,
                    task_middleware=[_with_fresh_connection],
                )
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _end, work)
            with contextlib.suppress(asyncio.CancelledError):
                await work


@contextlib.contextmanager
def _indexing() -> Iterator[None]:
    """Index too where the index is on a server; where it is in files, a process of its own does."""
    from django.conf import settings

    from lyceum.search import turns

    if not settings.SEARCH_URL:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=turns.serve, args=(stop,), name="indexer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _end(work: "asyncio.Future[None]") -> None:
    children.end_within(LAST_SECONDS)
    work.cancel()
