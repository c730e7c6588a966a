"""Jobs and events of the tests in processes of their own: `python -m tests.live worker FOLDER`, `… publish FOLDER`."""

import os
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import transaction  # noqa: E402

from lyceum.core import events, jobs  # noqa: E402
from lyceum.core.errors import Conflict, Unavailable  # noqa: E402


class TestHappened(events.Event):
    word: str


def register(folder: Path) -> None:
    """Register jobs that leave a line for each run in a file of the folder."""

    def note(name: str, text: str) -> int:
        with (folder / name).open("a") as file:
            file.write(f"{text}\n")
        return len((folder / name).read_text().splitlines())

    @jobs.job("tests.note")
    def _note(word: str) -> dict[str, str]:
        note("notes", word)
        return {"word": word}

    @jobs.job("tests.come_again")
    def _come_again() -> None:
        if note("again", "run") < 2:
            raise Unavailable(retry_after=0)

    @jobs.job("tests.refuse")
    def _refuse() -> None:
        note("refused", "run")
        raise Conflict(code="already_there")

    @jobs.job("tests.take_long")
    def _take_long() -> None:
        if note("long", "began") == 1:
            time.sleep(600)
        note("finished", "ended")

    @events.on(TestHappened)
    def _hear(event: TestHappened) -> None:
        note("heard", event.word)


def publish_and_die() -> None:
    """Commit an event and end before anything could be delivered, as a killed process does."""
    with transaction.atomic():
        transaction.on_commit(lambda: os._exit(9))
        events.publish(TestHappened(word="committed"))


if __name__ == "__main__":
    register(Path(sys.argv[2]))
    if sys.argv[1] == "worker":
        from lyceum.runtime import worker

        # Within a test's patience.
        jobs.wait_seconds = lambda retries, at_least=0.0: 1
        worker.POLL_SECONDS, worker.GRACE_SECONDS, worker.LAST_SECONDS = 0.3, 1.0, 3.0
        worker.serve()
    else:
        publish_and_die()
