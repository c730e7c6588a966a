"""Copies in stock: taken and given back by one conditional statement, behind locks that are taken in one order.

Whoever takes locks of several kinds takes them in this order: cart, order, books by their ids, sales.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from lyceum.core.events import publish_all
from lyceum.library.contracts import BookChanged
from lyceum.library.models import Book
from lyceum.library.orders.errors import SoldOut

# The rows are locked by then; that there is enough stands in the statement all the same.
MOVE = """
update library_book as book set stock = book.stock + moved.copies, version = book.version + 1
from unnest(%s::uuid[], %s::integer[]) as moved(id, copies)
where book.id = moved.id and book.stock + moved.copies >= 0
"""


def lock(book_ids: Iterable[UUID]) -> dict[UUID, Book]:
    """Hold some books until the transaction ends, and return those that there are by their ids."""
    rows = Book.objects.select_for_update(no_key=True).filter(pk__in=set(book_ids)).order_by("pk")
    return {book.pk: book for book in rows}


def take(books: Mapping[UUID, Book], wanted: Mapping[UUID, int]) -> None:
    """Take copies of locked books, all or none; raises SoldOut."""
    _move(books, {book_id: -copies for book_id, copies in wanted.items()})


def give_back(books: Mapping[UUID, Book], returned: Mapping[UUID, int]) -> None:
    """Put copies of locked books back; those of books that are gone are nowhere to be put."""
    _move(books, {book_id: copies for book_id, copies in returned.items() if book_id in books})


def _move(books: Mapping[UUID, Book], by: Mapping[UUID, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [list(by), list(by.values())])
        if cursor.rowcount != len(by):
            raise SoldOut
    before = {book_id: books[book_id].stock_state for book_id in by}
    for book_id, copies in by.items():
        books[book_id].stock += copies
    changed = [book_id for book_id in by if books[book_id].stock_state != before[book_id]]
    publish_all(BookChanged(book_id=str(book_id)) for book_id in changed)
