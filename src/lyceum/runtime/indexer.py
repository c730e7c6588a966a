"""The indexer process: keeps the search index with the database, and ends in time."""

import signal
import threading

from lyceum.runtime import children

LAST_SECONDS = 18.0


def serve() -> None:
    """Index until SIGTERM or SIGINT; what was not committed is done again by the next indexer."""
    from lyceum.search import turns

    stop = threading.Event()

    def end(*_: object) -> None:
        children.end_within(LAST_SECONDS)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    turns.serve(stop)
