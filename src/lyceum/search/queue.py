"""The changes that the index has yet to take in: rows of the transaction that made them, and a nudge after it."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils import timezone
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.search import registry
from lyceum.search.models import PendingChange

log = structlog.get_logger("lyceum.search")
CHANNEL = "search"


def add(kind: str, ids: Iterable[UUID]) -> None:
    registry.get(kind)
    rows = [PendingChange(kind=kind, document_id=one) for one in dict.fromkeys(ids)]
    if rows:
        PendingChange.objects.bulk_create(rows)
        transaction.on_commit(nudge, robust=True)


def nudge() -> None:
    """Wake the indexer; without this it looks by itself a little later."""
    try:
        valkey.connection().publish(valkey.key(CHANNEL), b"")
    except RedisError as err:
        log.warning("indexer_not_nudged", error=type(err).__name__)


def waiting(most: int) -> list[PendingChange]:
    """Return the oldest changes that are committed."""
    return list(PendingChange.objects.order_by("id")[:most])


def done(rows: Iterable[PendingChange]) -> None:
    PendingChange.objects.filter(pk__in=[row.pk for row in rows]).delete()


def next_version() -> int:
    """Take a number for what is read from the database from now on.

    Who takes a change from the queue, then a number, and then reads, has read that change. So of two readers of one
    document the one with the higher number has seen every change that the other has taken.
    """
    with connection.cursor() as cursor:
        cursor.execute("select nextval('search_version')")
        return int(cursor.fetchone()[0])


def depth() -> tuple[int, float]:
    """Return how many changes wait, and for how many seconds the oldest has."""
    found = PendingChange.objects.aggregate(count=Count("id"), oldest=Min("created_at"))
    oldest: datetime | None = found["oldest"]
    return found["count"], max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
