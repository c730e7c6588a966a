"""Durable jobs, queued in the caller's transaction; the queue behind is procrastinate."""

from collections.abc import Callable
from typing import Any, TypeVar

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

MAX_TRIES = 5
Task = TypeVar("Task", bound=Callable[..., None])


def job(name: str, *, tries: int = MAX_TRIES) -> Callable[[Task], Task]:
    """Register a function as the job `app.task`; it is retried with growing waits when it raises."""

    def register(run: Task) -> Task:
        app.task(name=name, retry=RetryStrategy(max_attempts=tries, exponential_wait=3))(run)
        return run

    return register


def enqueue(name: str, **arguments: Any) -> int:
    """Queue a job by its name and return its number; it exists only if the transaction commits."""
    return int(app.configure_task(name).defer(**arguments))


def schedule(cron: str, name: str) -> Callable[[Callable[[int], None]], Any]:
    """Register a job that runs by the clock (UTC), once for all workers."""

    def register(run: Callable[[int], None]) -> Any:
        return app.periodic(cron=cron, periodic_id=name)(app.task(name=name, queueing_lock=name)(run))

    return register
