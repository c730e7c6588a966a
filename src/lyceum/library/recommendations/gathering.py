"""What readers did in the library, as signals; the same weights for a training and for one reader's list."""

from array import array
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from lyceum.library.models import PUBLIC_STATUSES, Author, Book
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.signals import Signals, pack

AT_ONCE = 5000
# What each act says of a reader's taste; a low rating says that a book was read, and nothing for what is like it.
LIKED, MIDDLING, DISLIKED, ORDERED, CLICKED = 1.0, 0.5, 0.0, 1.0, 0.2
STRENGTH = f"case when rating >= 4 then {LIKED} when rating = 3 then {MIDDLING} else {DISLIKED} end"
# A rating says more than what came before it, however strong that was.
ACTS = f"""
  select coalesce(user_id::text, source || ':' || reader) as reader, book_id, {STRENGTH} as strength,
         updated_at as moment, true as is_rating
  from library_review
  union all
  select o.buyer_id::text, item.book_id, {ORDERED}, o.created_at, false
  from library_orderitem item join library_order o on o.id = item.order_id
  where o.buyer_id is not null and item.book_id is not null and o.status <> 'cancelled'
  union all
  select user_id::text, book_id, {CLICKED}, clicked_at, false
  from library_showing where clicked_at is not null
"""  # noqa: S608  # numbers of this file
SIGNALS = f"""
select reader, book_id,
       coalesce(max(strength) filter (where is_rating), max(strength)) as strength,
       extract(epoch from max(moment))::bigint as moment
from ({ACTS}) acts group by reader, book_id
"""  # noqa: S608


def shelf_books() -> list[UUID]:
    """Return the books that readers see, in a fixed order: their places are their numbers."""
    return list(Book.objects.filter(status__in=PUBLIC_STATUSES).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def signals(books: list[UUID]) -> Signals:
    """Read all that readers did with these books; rows come in portions, and numbers are kept of them."""
    number = {book: place for place, book in enumerate(books)}
    readers: dict[str, int] = {}
    who, what, when, strong = array("i"), array("i"), array("q"), array("f")
    for reader, book, strength, moment in _streamed(SIGNALS):
        if strength > 0 and book in number:
            who.append(readers.setdefault(reader, len(readers)))
            what.append(number[book])
            when.append(moment)
            strong.append(strength)
    return pack(who, what, when, strong, reader_count=len(readers), item_count=len(books))


def _streamed(query: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # A million ratings are grouped before the first comes; nobody waits for it.
        cursor.execute("set local statement_timeout = 0")
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows


def texts(books: list[UUID]) -> list[Text]:
    """Read what books say of themselves, in their order."""
    found: dict[UUID, Text] = {}
    for start in range(0, len(books), AT_ONCE):
        part = books[start : start + AT_ONCE]
        names = _grouped(Author.objects.filter(books__in=part).values_list("books", "first_name", "last_name"))
        shelves = _grouped(Book.categories.through.objects.filter(book__in=part).values_list("book", "category__name"))
        for book, title, subtitle, description in Book.objects.filter(pk__in=part).values_list(
            "pk", "title", "subtitle", "description"
        ):
            whole = f"{subtitle} {description}".strip()
            found[book] = Text(title, tuple(names.get(book, ())), tuple(shelves.get(book, ())), whole)
    return [found.get(book, Text("")) for book in books]


def _grouped(rows: Any) -> dict[UUID, list[str]]:
    groups: dict[UUID, list[str]] = {}
    for book, *parts in rows:
        groups.setdefault(book, []).append(" ".join(parts).strip())
    return groups


def main_categories(books: list[UUID]) -> dict[UUID, UUID]:
    """Return of each book the category that has the fewest books: it says most."""
    query = """
    select distinct on (link.book_id) link.book_id, link.category_id
    from library_book_categories link
    join (select category_id, count(*) as books from library_book_categories group by category_id) size
      on size.category_id = link.category_id
    where link.book_id = any(%s)
    order by link.book_id, size.books, link.category_id
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [books])
        return dict(cursor.fetchall())
