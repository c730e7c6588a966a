from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from lyceum.core import events, idempotency, jobs, leftovers
from lyceum.core.jobs import schedule
from lyceum.core.models import IdempotencyRecord, JobOutcome, OutboxEvent

EVENTS_KEPT = timedelta(days=30)
JOBS_KEPT = timedelta(days=1)
FAILED_JOBS_KEPT = timedelta(days=30)


@schedule("* * * * * */5", "core.sweep_events")
def sweep_events(timestamp: int) -> None:
    events.sweep()


@schedule("17 * * * *", "core.forget_old_rows")
def forget_old_rows(timestamp: int) -> None:
    now = timezone.now()
    OutboxEvent.objects.filter(delivered_at__lt=now - EVENTS_KEPT).delete()
    IdempotencyRecord.objects.filter(created_at__lt=now - idempotency.KEPT).delete()
    JobOutcome.objects.filter(ended_at__lt=now - FAILED_JOBS_KEPT).delete()


@schedule("47 4 * * *", "core.forget_unfinished_files")
def forget_unfinished_files(timestamp: int) -> None:
    leftovers.forget_unfinished()


@schedule("* * * * * */30", "core.recover_jobs")
async def recover_jobs(timestamp: int) -> None:
    await jobs.recover()


@schedule("29 * * * *", "core.delete_old_jobs")
async def delete_old_jobs(timestamp: int) -> None:
    manager = app.job_manager
    await manager.delete_old_jobs(nb_hours=_hours(JOBS_KEPT))
    await manager.delete_old_jobs(
        nb_hours=_hours(FAILED_JOBS_KEPT), include_failed=True, include_cancelled=True, include_aborted=True
    )


def _hours(span: timedelta) -> int:
    return round(span.total_seconds() / 3600)
