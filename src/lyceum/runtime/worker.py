"""The worker process: runs the jobs and their schedule, and ends in time."""

import asyncio
import contextlib
import signal

from lyceum.runtime import children

CONCURRENCY = 4
GRACE_SECONDS = 12.0
# A database that is gone must not keep it.
LAST_SECONDS = 18.0


def serve() -> None:
    """Work until SIGTERM or SIGINT; what runs then is finished, or taken up by the next worker."""
    asyncio.run(_serve())


async def _serve() -> None:
    from procrastinate.contrib.django import app

    from lyceum.core import jobs

    connector = app.connector.get_worker_connector()
    with app.replace_connector(connector):
        async with app.open_async():
            await jobs.recover()
            work = asyncio.ensure_future(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    install_signal_handlers=False,
                )
            )
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _end, work)
            with contextlib.suppress(asyncio.CancelledError):
                await work


def _end(work: "asyncio.Future[None]") -> None:
    children.end_within(LAST_SECONDS)
    work.cancel()
