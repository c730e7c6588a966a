"""Durable jobs, queued in the caller's transaction; the queue behind is procrastinate."""

import functools
import inspect
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog
from procrastinate import BaseRetryStrategy, RetryDecision, jobs
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from lyceum.core.errors import DomainError, Unavailable
from lyceum.core.models import JobOutcome

log = structlog.get_logger("lyceum.jobs")
MAX_TRIES = 4
# With the longest wait of ten minutes: about three hours of trying while something is not available.
MAX_TRIES_UNAVAILABLE = 25
LONGEST_WAIT_SECONDS = 600.0
# A worker says every 10 seconds that it lives.
STALLED_SECONDS = 30
MAX_STALLS = 5
Task = TypeVar("Task", bound=Callable[..., Any])
STATES: dict[str, Literal["waiting", "running", "done", "failed"]] = {
    "todo": "waiting",
    "doing": "running",
    "succeeded": "done",
}


@dataclass(frozen=True)
class JobView:
    """Where a job stands: what it returned when it is done, the code of its error when it failed."""

    number: int
    name: str
    state: Literal["waiting", "running", "done", "failed"]
    tries: int
    result: Any = None
    error: str = ""


class Patience(BaseRetryStrategy):  # type: ignore[misc]
    """Tries again what may pass: for hours what is not available, a few times what nobody foresaw, nothing else."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision | None:
        if not self.is_worth_it(exception, tried=job.attempts + 1):
            return None
        wait = wait_seconds(job.attempts, at_least=getattr(exception, "retry_after", None) or 0)
        return RetryDecision(retry_in={"seconds": wait})

    def is_worth_it(self, error: BaseException, *, tried: int) -> bool:
        if isinstance(error, Unavailable):
            return tried < MAX_TRIES_UNAVAILABLE
        return not isinstance(error, DomainError) and tried < self.tries


def wait_seconds(retries: int, *, at_least: float = 0.0) -> int:
    """Return how long to wait before the next try: growing threefold, with jitter, so that jobs do not come at once."""
    wait = min(LONGEST_WAIT_SECONDS, 2.0 * 3.0 ** min(retries, 10))
    return max(1, round(max(at_least, wait) * random.uniform(0.75, 1.25)))  # noqa: S311  # spreads load, hides nothing


def job(name: str, *, tries: int = MAX_TRIES) -> Callable[[Task], Task]:
    """Register a function as the job `app.task`. What it returns is kept and must be JSON.

    It may run more than once: a worker that is killed leaves its job to the next.
    """

    def register(run: Task) -> Task:
        patience = Patience(tries)
        app.task(name=name, retry=patience, pass_context=True)(_carried_out(run, name, patience))
        return run

    return register


def schedule(cron: str, name: str) -> Callable[[Callable[[int], Any]], Any]:
    """Register a job that runs by the clock (UTC, seconds may stand last), once for all workers.

    A coroutine function runs in the worker's own loop; it is for the care of the queue itself.
    """

    def register(run: Callable[[int], Any]) -> Any:
        if inspect.iscoroutinefunction(run):
            task = app.task(name=name, queueing_lock=name)(run)
        else:
            patience = Patience(1)
            task = app.task(name=name, retry=patience, pass_context=True, queueing_lock=name)(
                _carried_out(run, name, patience)
            )
        app.periodic(cron=cron, periodic_id=name)(task)
        return run

    return register


def enqueue(name: str, **arguments: Any) -> int:
    """Queue a job by its name and return its number; it exists only if the transaction commits."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        arguments["request_id"] = request_id
    return int(app.configure_task(name).defer(**arguments))


def look_up(number: int) -> JobView | None:
    """Tell how a job stands; None for one that never was or is long over."""
    row = ProcrastinateJob.objects.filter(pk=number).values("task_name", "status", "attempts").first()
    if row is None:
        return None
    state = STATES.get(row["status"], "failed")
    kept = JobOutcome.objects.filter(pk=number).first() if state in ("done", "failed") else None
    found = JobView(number, row["task_name"], state, row["attempts"])
    return found if kept is None else JobView(number, found.name, state, found.tries, kept.result, kept.error)


async def recover() -> int:
    """Queue again the jobs of workers that ended without a word; returns how many."""
    stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS))
    for one in stalled:
        is_hopeless = one.attempts + 1 >= MAX_STALLS
        log.warning("job_stalled", job=one.id, name=one.task_name, gives_up=is_hopeless)
        if is_hopeless:
            await app.job_manager.finish_job(one, status=jobs.Status.FAILED, delete_job=False)
        else:
            await app.job_manager.retry_job(one)
    return len(stalled)


def _carried_out(run: Callable[..., Any], name: str, patience: Patience) -> Callable[..., None]:
    """Wrap a job: its lines carry the id of the request that asked for it, its end is logged and kept once."""

    @functools.wraps(run)
    def carry_out(context: Any, *, request_id: str = "", **arguments: Any) -> None:
        names = {"job": context.job.id, "job_name": name} | ({"request_id": request_id} if request_id else {})
        with structlog.contextvars.bound_contextvars(**names):
            started = time.perf_counter()
            try:
                result = run(**arguments)
                if result is not None:
                    _keep(context.job.id, result=result)
            except Exception as err:
                _tell(err, patience, tried=context.job.attempts + 1, number=context.job.id)
                raise
            level = log.debug if "timestamp" in arguments else log.info
            level("job_done", duration_ms=round((time.perf_counter() - started) * 1000, 1))

    return carry_out


def _tell(err: Exception, patience: Patience, *, tried: int, number: int) -> None:
    """Log a failure by what becomes of it, and keep the code of one that is final."""
    code = err.code if isinstance(err, DomainError) else "internal"
    if patience.is_worth_it(err, tried=tried):
        log.warning("job_retried", tried=tried, code=code, error=type(err).__name__)
        return
    if isinstance(err, DomainError):
        log.warning("job_refused", tried=tried, code=code)
    else:
        log.error("job_failed", tried=tried, exc_info=err)
    _keep(number, error=code)


def _keep(number: int, *, result: Any = None, error: str = "") -> None:
    JobOutcome.objects.update_or_create(pk=number, defaults={"result": result, "error": error})
