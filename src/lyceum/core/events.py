"""Events: published in the transaction, delivered at once after commit, and surely after a crash."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from lyceum.core.models import OutboxEvent

log = structlog.get_logger("lyceum.events")
SWEEP_AFTER = timedelta(seconds=5)
SWEEP_MOST = 500
LONGEST_WAIT = timedelta(hours=1)
E = TypeVar("E", bound="Event")
_receivers: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
_types: dict[str, type["Event"]] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact, named by a noun and a past participle. Subclasses live in each app's `contracts.py`."""


def on(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a receiver. It runs after commit, at least once, and so must bear a second call."""

    def register(receiver: Callable[[E], None]) -> Callable[[E], None]:
        _types[event_type.__name__] = event_type
        _receivers[event_type.__name__].append(receiver)
        return receiver

    return register


def forget(event_type: type[E], receiver: Callable[[E], None]) -> None:
    """Take a receiver away again; for tests."""
    _receivers[event_type.__name__].remove(receiver)


def publish(event: Event) -> None:
    """Record the event in the caller's transaction and deliver it when that commits."""
    publish_all([event])


def publish_all(events: Iterable[Event]) -> None:
    """Record events in the caller's transaction, in one statement, and deliver them when that commits."""
    heard = [event for event in events if is_heard(type(event))]
    if not heard:
        return
    rows = [OutboxEvent(name=type(event).__name__, payload=msgspec.to_builtins(event)) for event in heard]
    OutboxEvent.objects.bulk_create(rows)
    for row in rows:
        transaction.on_commit(partial(deliver, row.pk), robust=True)


def is_heard(event_type: type[Event]) -> bool:
    """Say whether anything receives these events; who writes outbox rows by a statement of their own asks first."""
    return bool(_receivers[event_type.__name__])


def deliver(row_id: UUID) -> None:
    """Deliver the event of a committed outbox row, once; another process that has it already is left to it."""
    with transaction.atomic():
        claimed = OutboxEvent.objects.select_for_update(skip_locked=True).filter(pk=row_id, delivered_at=None).first()
        if claimed is None:
            return
        _receive(claimed)
        claimed.delivered_at = timezone.now()
        claimed.save(update_fields=["delivered_at"])


def deliver_all(row_ids: Sequence[UUID]) -> None:
    """Deliver the events of many committed rows in one transaction; one by one where a receiver fails."""
    try:
        with transaction.atomic():
            rows = OutboxEvent.objects.select_for_update(skip_locked=True).filter(pk__in=row_ids, delivered_at=None)
            claimed = {row.pk: row for row in rows}
            for row_id in row_ids:
                if (row := claimed.get(row_id)) is not None:
                    _receive(row)
            OutboxEvent.objects.filter(pk__in=claimed).update(delivered_at=timezone.now())
    except Exception:  # noqa: BLE001  # which of them failed is found out below, and the sweep tries that one again
        for row_id in row_ids:
            try:
                deliver(row_id)
            except Exception:
                log.exception("event_failed", event_id=str(row_id))


def _receive(row: OutboxEvent) -> None:
    event = msgspec.convert(row.payload, _types[row.name])
    for receiver in _receivers[row.name]:
        receiver(event)


def sweep(*, older_than: timedelta = SWEEP_AFTER) -> int:
    """Deliver what a crash left behind; returns how many were delivered. A failing one is tried ever more seldom."""
    now = timezone.now()
    waiting = OutboxEvent.objects.filter(delivered_at=None, created_at__lt=now - older_than)
    done = 0
    for row in waiting.filter(Q(due_at=None) | Q(due_at__lt=now)).order_by("created_at")[:SWEEP_MOST]:
        try:
            deliver(row.pk)
            done += 1
        except Exception:  # one broken receiver must not hold up every other event
            log.exception("event_failed", event_id=str(row.pk), event_name=row.name, tries=row.tries + 1)
            wait = min(LONGEST_WAIT, SWEEP_AFTER * 3 ** min(row.tries, 10))
            OutboxEvent.objects.filter(pk=row.pk).update(tries=F("tries") + 1, due_at=now + wait)
    return done
