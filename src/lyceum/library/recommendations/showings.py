"""What readers were shown, what they clicked, ordered and did not want: recorded in portions, off the request."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import connection, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.library import selectors
from lyceum.library.recommendations import kept_lists, versions
from lyceum.library.recommendations.models import Dismissal, Showing
from lyceum.library.recommendations.shelf import POPULARITY, Recommended
from lyceum.library.recommendations.variants import variant_of

log = structlog.get_logger("lyceum.recommendations")
# What waits in Valkey is bounded: the oldest is let go first.
MOST_WAITING, AT_ONCE = 50_000, 200
KEPT = timedelta(days=180)
# An order counts for a book that was shown so lately.
CREDITED = timedelta(days=30)
LOCK = 0x5403


class Shown(msgspec.Struct, frozen=True):
    """A list that a reader got."""

    user: UUID
    variant: str
    model: str
    at: datetime
    books: list[UUID]


def show(person: Any, found: list[Recommended]) -> None:
    """Note that a reader got a list; it is recorded within seconds."""
    if not found:
        return
    books = [one.book.pk for one in found]
    shown = Shown(person.pk, found[0].variant, found[0].model, timezone.now(), books)
    key = _waiting()
    try:
        valkey.run(("RPUSH", key, msgspec.json.encode(shown)), ("LTRIM", key, -MOST_WAITING, -1))
    except RedisError as err:
        log.warning("showing_not_noted", error=type(err).__name__)


def record_waiting() -> int:
    """Record what was noted; a crash in between records it again, which counts once. Returns how many lists."""
    done = 0
    while portion := _record_portion():
        done += portion
    return done


@transaction.atomic
def _record_portion() -> int:
    # One at a time: two who take the same would both cut it off.
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
    (found,) = valkey.run(("LRANGE", _waiting(), 0, AT_ONCE - 1))
    if found:
        _insert(msgspec.json.decode(data, type=Shown) for data in found)
        valkey.run(("LTRIM", _waiting(), len(found), -1))
    return len(found)


def _insert(lists: Iterable[Shown]) -> None:
    """Store showings, without those whose reader or book is gone meanwhile."""
    rows = [(shown.user, book, shown.variant, shown.model, shown.at) for shown in lists for book in shown.books]
    users, books, variants, models, moments = zip(*rows, strict=True)
    query = """
    insert into library_showing (user_id, book_id, day, variant, model, shown_at)
    select new.user_id, new.book_id, (new.shown_at at time zone 'UTC')::date, new.variant, new.model, new.shown_at
    from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[])
      as new (user_id, book_id, variant, model, shown_at)
    join accounts_user person on person.id = new.user_id
    join library_book book on book.id = new.book_id
    on conflict (user_id, book_id, day) do nothing
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [list(column) for column in (users, books, variants, models, moments)])


@transaction.atomic
def click(person: Any, book_id: UUID) -> None:
    """Record that a reader opened what was recommended; again it counts once. Raises NotFound."""
    selectors.check_visible(person, book_id)
    now = timezone.now()
    row, is_new = Showing.objects.get_or_create(
        user=person, book_id=book_id, day=now.date(), defaults={**_made_by(person), "shown_at": now, "clicked_at": now}
    )
    if not is_new and row.clicked_at is None:
        row.clicked_at = now
        row.save(update_fields=["clicked_at"])


def _made_by(person: Any) -> dict[str, str]:
    shelf, _ = kept_lists.read(person.pk)
    if shelf is not None:
        return {"variant": shelf.variant, "model": shelf.model}
    model = versions.current()
    return {"variant": variant_of(person.pk), "model": model.label if model else POPULARITY}


@transaction.atomic
def dismiss(person: Any, book_id: UUID) -> None:
    """Recommend a book to a reader no more; raises NotFound."""
    selectors.check_visible(person, book_id)
    Dismissal.objects.get_or_create(user=person, book_id=book_id)
    transaction.on_commit(lambda: kept_lists.drop(person.pk))


@transaction.atomic
def take_back(person: Any, book_id: UUID) -> None:
    """Let a book that was dismissed be recommended again."""
    Dismissal.objects.filter(user=person, book=book_id).delete()
    transaction.on_commit(lambda: kept_lists.drop(person.pk))


def dismissed(person: Any) -> list[UUID]:
    """Return what a reader does not want to see, the newest first."""
    return list(Dismissal.objects.filter(user=person).order_by("-created_at").values_list("book", flat=True))


@transaction.atomic
def credit(user_id: UUID, books: list[UUID]) -> None:
    """Record that books were ordered, for the last time that each was shown."""
    record_waiting()
    since = timezone.now() - CREDITED
    for book in books:
        last = Showing.objects.filter(user=user_id, book=book, shown_at__gte=since).order_by("-day").first()
        if last is not None and last.ordered_at is None:
            last.ordered_at = timezone.now()
            last.save(update_fields=["ordered_at"])


def withdraw_credit(user_id: UUID, books: list[UUID]) -> None:
    """Take an order back that was cancelled."""
    Showing.objects.filter(user=user_id, book__in=books, ordered_at__isnull=False).update(ordered_at=None)


def forget_old() -> int:
    """Delete what was recorded too long ago; returns how many."""
    return Showing.objects.filter(day__lt=(timezone.now() - KEPT).date()).delete()[0]


def _waiting() -> str:
    return valkey.key("recommended", "shown")
