"""Bestsellers: copies ordered in thirty days, counted when they are ordered, so that nothing is ever added up anew."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lyceum.library import selectors
from lyceum.library.models import Book
from lyceum.library.orders import stock
from lyceum.library.orders.models import DaySales

DAYS = 30
COUNT = """
with counted as (
  select * from unnest(%s::uuid[], %s::integer[]) as counted(book_id, copies) order by book_id
), by_day as (
  insert into library_daysales (book_id, day, copies) select book_id, %s, copies from counted
  on conflict (book_id, day) do update set copies = library_daysales.copies + excluded.copies
)
insert into library_sales (book_id, copies) select book_id, copies from counted
on conflict (book_id) do update set copies = library_sales.copies + excluded.copies
"""
# Days that are over are in no total any more, so that nothing may be taken off for them.
UNCOUNT = """
with uncounted as (
  select * from unnest(%s::uuid[], %s::integer[]) as uncounted(book_id, copies)
), by_day as (
  update library_daysales as days set copies = days.copies - uncounted.copies from uncounted
  where days.book_id = uncounted.book_id and days.day = %s
  returning days.book_id, uncounted.copies
)
update library_sales as sales set copies = sales.copies - by_day.copies from by_day where sales.book_id = by_day.book_id
"""
FORGET = """
with gone as (
  delete from library_daysales where book_id = any(%s) and day <= %s returning book_id, copies
), off as (select book_id, sum(copies) as copies from gone group by book_id)
update library_sales as sales set copies = sales.copies - off.copies from off where sales.book_id = off.book_id
"""
AT_ONCE = 500


def count(copies: Mapping[UUID, int], day: date) -> None:
    """Count copies that were ordered on a day; whoever calls holds the books."""
    _run(COUNT, list(copies), list(copies.values()), day)


def uncount(copies: Mapping[UUID, int], day: date) -> None:
    """Take copies off again whose order was cancelled; whoever calls holds the books."""
    _run(UNCOUNT, list(copies), list(copies.values()), day)


def forget_old(today: date | None = None) -> None:
    """Take the days off that are more than thirty ago; like an order, behind the locks of the books."""
    last = (today or timezone.now().date()) - timedelta(days=DAYS)
    days = DaySales.objects.filter(day__lte=last)
    while ids := list(days.order_by("book_id").values_list("book_id", flat=True).distinct()[:AT_ONCE]):
        with transaction.atomic():
            stock.lock(ids)
            _run(FORGET, ids, last)


def _run(statement: str, *given: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def bestsellers(person: Any) -> QuerySet[Book]:
    """Return the books that were ordered most, each with its `sales`, the most first."""
    rows = selectors.visible_books(person).filter(sales__copies__gt=0).select_related("sales")
    return rows.order_by("-sales__copies", "pk")
