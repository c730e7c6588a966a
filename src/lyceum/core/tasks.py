from datetime import timedelta

from django.utils import timezone

from lyceum.core import events, idempotency
from lyceum.core.jobs import schedule
from lyceum.core.models import IdempotencyRecord, OutboxEvent

EVENTS_KEPT = timedelta(days=30)


@schedule("* * * * * */5", "core.sweep_events")
def sweep_events(timestamp: int) -> None:
    events.sweep()


@schedule("17 * * * *", "core.forget_old_rows")
def forget_old_rows(timestamp: int) -> None:
    now = timezone.now()
    OutboxEvent.objects.filter(delivered_at__lt=now - EVENTS_KEPT).delete()
    IdempotencyRecord.objects.filter(created_at__lt=now - idempotency.KEPT).delete()
