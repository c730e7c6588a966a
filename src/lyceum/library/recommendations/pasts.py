"""A reader's past and the rows of a training, as the pure modules want them; each in one query."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from lyceum.library.models import PUBLIC_STATUSES
from lyceum.library.recommendations import gathering, mixing, sparse
from lyceum.library.recommendations.mixing import NOWHERE, Past, Pointed

PUBLIC = [status.value for status in PUBLIC_STATUSES]
# `is_over` says that a reader needs to see it no more; what they only looked at they may still see.
PAST = f"""
with acts as (
  select book_id, {gathering.STRENGTH} as strength, updated_at as moment, true as is_rating, true as is_over
  from library_review where user_id = %(user)s
  union all
  select item.book_id, {gathering.ORDERED}, o.created_at, false, true
  from library_orderitem item join library_order o on o.id = item.order_id
  where o.buyer_id = %(user)s and item.book_id is not null and o.status <> 'cancelled'
  union all
  select book_id, {gathering.CLICKED}, clicked_at, false, false
  from library_showing where user_id = %(user)s and clicked_at is not null
  union all
  select book_id, 0, created_at, false, true from library_dismissal where user_id = %(user)s
), books as (
  select book_id, coalesce(max(strength) filter (where is_rating), max(strength)) as strength,
         max(moment) as moment, bool_or(is_over) as is_over
  from acts group by book_id
), ranked as (
  select *, row_number() over (order by moment desc, book_id) as age from books
)
select ranked.age, ranked.book_id, book.title, ranked.strength, ranked.is_over, row.number, row.kind, row.category_id,
       row.links, row.near, row.content
from (select * from ranked where age <= {mixing.MOST_PAST}) ranked
join library_book book on book.id = ranked.book_id
left join library_recommenderrow row on row.recommender_id = %(model)s and row.book_id = ranked.book_id
union all
select ranked.age, ranked.book_id, '', 0, ranked.is_over, row.number, row.kind, null, null, null, null
from ranked left join library_recommenderrow row
  on row.recommender_id = %(model)s and row.book_id = ranked.book_id
where age > {mixing.MOST_PAST}
order by age desc
"""  # noqa: S608  # numbers of these files
ROWS = """
select row.number, row.book_id, row.kind, category.id, category.name
from library_recommenderrow row
join library_book book on book.id = row.book_id and book.status = any(%s)
left join library_category category on category.id = row.category_id
where row.recommender_id = %s and row.number = any(%s)
"""
# What shares an author or a category with some books, those with the same author first.
KINDRED = """
select found.book_id from (
  select other.book_id, 2 as likeness from library_bookauthor own
  join library_bookauthor other on other.author_id = own.author_id where own.book_id = any(%(books)s)
  union all
  select other.book_id, 1 from library_book_categories own
  join library_book_categories other on other.category_id = own.category_id where own.book_id = any(%(books)s)
) found
join library_book book on book.id = found.book_id and book.status = any(%(public)s)
where found.book_id <> all(%(books)s)
group by found.book_id, book.popularity
order by max(likeness) desc, book.popularity desc, found.book_id limit %(most)s
"""
POPULAR = """
select book.id, row.kind, category.name from library_book book
left join library_recommenderrow row on row.recommender_id = %(model)s and row.book_id = book.id
left join lateral (
  select category.name from library_book_categories link
  join library_category category on category.id = link.category_id
  where link.book_id = book.id order by category.name_key, category.id limit 1
) category on true
where book.status = any(%(public)s)
order by book.popularity desc, book.id desc limit %(most)s
"""


@dataclass(frozen=True)
class Read:
    """A book of a reader's past. `past` is None where the training does not know it, or it is long ago."""

    book_id: UUID
    title: str
    strength: float
    is_over: bool
    number: int | None
    kind: int | None
    category: UUID | None
    past: Past | None


@dataclass(frozen=True)
class Candidate:
    """A book that may be shown, by its number in the training."""

    number: int
    book_id: UUID
    kind: int
    category: UUID | None
    category_name: str


def past_of(user_id: UUID, model: int | None) -> list[Read]:
    """Return what a reader did, from the oldest to the newest; where each points to for the newest alone."""
    with connection.cursor() as cursor:
        cursor.execute(PAST, {"user": user_id, "model": model})
        return [_to_read(row) for row in cursor.fetchall()]


def _to_read(row: Sequence[Any]) -> Read:
    _, book_id, title, strength, is_over, number, kind, category, links, near, content = row
    past = None
    if number is not None and links is not None:
        past = Past(number, float(strength), pointed(links), pointed(near), pointed(content), is_over=is_over)
    return Read(book_id, title, float(strength), is_over, number, kind, category, past)


def pointed(data: bytes | memoryview) -> Pointed:
    return sparse.from_bytes(bytes(data)) if data else NOWHERE


def candidates(model: int, numbers: Iterable[int]) -> dict[int, Candidate]:
    """Return the books of these numbers that readers may see."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [PUBLIC, model, list(numbers)])
        return {
            number: Candidate(number, book, kind, category, name or "")
            for number, book, kind, category, name in cursor.fetchall()
        }


def kindred(books: Collection[UUID], *, most: int) -> list[UUID]:
    """Return books by the same authors or in the same categories, for those that no training knows."""
    with connection.cursor() as cursor:
        cursor.execute(KINDRED, {"books": list(books), "public": PUBLIC, "most": most})
        return [row[0] for row in cursor.fetchall()]


def popular(model: int | None, *, most: int) -> list[tuple[UUID, int | None, str]]:
    """Return the books of the best and most marks, each with its kind in the training, and a category's name."""
    with connection.cursor() as cursor:
        cursor.execute(POPULAR, {"model": model, "public": PUBLIC, "most": most})
        return [(book, kind, name or "") for book, kind, name in cursor.fetchall()]
