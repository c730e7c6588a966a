"""Reads the catalogue: what each person may see of it."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, Prefetch, Q, QuerySet

from lyceum.core.errors import Invalid, NotFound
from lyceum.library.models import PUBLIC_STATUSES, Author, Book, BookAuthor, Category, Keyed, Publisher, Review, key_of

M = TypeVar("M", bound=Model)
K = TypeVar("K", bound=Keyed)
AUTHORSHIPS = Prefetch("authorships", BookAuthor.objects.select_related("author").order_by("place"))
CATEGORIES = Prefetch("categories", Category.objects.order_by("name_key", "pk"))
# A category with all that is below it.
SUBTREE = """
with recursive subtree as (
  select id from library_category where id = any(%s)
  union select child.id from library_category child join subtree on child.parent_id = subtree.id
) select id from subtree
"""
# `Line`, with its authors by their place and its categories by their name.
LINES = """
select book.id, book.title,
  coalesce((
    select string_agg(trim(author.first_name || ' ' || author.last_name), ', ' order by link.place)
    from library_bookauthor link join library_author author on author.id = link.author_id
    where link.book_id = book.id
  ), ''),
  book.price, book.currency, book.average_rating, book.review_count,
  coalesce((
    select json_agg(json_build_object('id', category.id, 'name', category.name) order by category.name_key, category.id)
    from library_book_categories shelf join library_category category on category.id = shelf.category_id
    where shelf.book_id = book.id
  ), '[]')::text
from library_book book where book.id = any(%s) and book.status = any(%s)
"""


def visible_books(person: Any) -> QuerySet[Book]:
    """Return the books that a person may see: staff also see drafts and what was withdrawn."""
    rows = Book.objects.all()
    return rows if getattr(person, "is_staff", False) else rows.filter(status__in=PUBLIC_STATUSES)


def whole(rows: QuerySet[Book]) -> QuerySet[Book]:
    """Let books come with all that is shown of them, in a bounded number of queries."""
    return rows.select_related("publisher").prefetch_related(AUTHORSHIPS, CATEGORIES)


def get_book_for(person: Any, book_id: UUID) -> Book:
    """Return a book with all that is shown of it; raises NotFound."""
    return _found(whole(visible_books(person)).filter(pk=book_id).first(), "There is no such book.")


def check_visible(person: Any, book_id: UUID) -> None:
    """Raise NotFound where a person sees no such book."""
    if not visible_books(person).filter(pk=book_id).exists():
        raise NotFound("There is no such book.")


def books_in_order(person: Any, book_ids: Iterable[UUID]) -> list[Book]:
    """Return those of the books that a person may see, in the order of the ids."""
    ids = list(book_ids)
    found = {book.pk: book for book in whole(visible_books(person).filter(pk__in=ids))}
    return [found[book_id] for book_id in ids if book_id in found]


@dataclass(frozen=True)
class Line:
    """A book as a list of hits shows it: read in one statement, since such lists are asked for at each keystroke."""

    id: UUID
    title: str
    author: str
    price: Decimal | None
    currency: str
    average_rating: Decimal | None
    review_count: int
    categories: list[dict[str, str]]


def lines(person: Any, book_ids: Iterable[UUID]) -> dict[UUID, Line]:
    """Return those of some books that a person may see, by their ids."""
    statuses = list(Book.Status.values) if getattr(person, "is_staff", False) else [str(one) for one in PUBLIC_STATUSES]
    with connection.cursor() as cursor:
        cursor.execute(LINES, [list(book_ids), statuses])
        rows = [Line(*[*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()]
    return {row.id: row for row in rows}


def get_author(author_id: UUID) -> Author:
    return _found(Author.objects.filter(pk=author_id).first(), "There is no such author.")


def get_publisher(publisher_id: UUID) -> Publisher:
    return _found(Publisher.objects.filter(pk=publisher_id).first(), "There is no such publisher.")


def get_category(category_id: UUID) -> Category:
    found = Category.objects.select_related("parent").filter(pk=category_id).first()
    return _found(found, "There is no such category.")


def subtree(category_ids: Collection[UUID]) -> set[UUID]:
    """Return the ids of categories and of all below them."""
    with connection.cursor() as cursor:
        cursor.execute(SUBTREE, [list(category_ids)])
        return {row[0] for row in cursor.fetchall()}


def ancestry() -> dict[UUID, list[Category]]:
    """Return for each category the way up from it, itself first."""
    by_id = {category.pk: category for category in Category.objects.all()}
    return {one: list(_upwards(by_id, category)) for one, category in by_id.items()}


def _upwards(by_id: dict[UUID, Category], category: Category) -> Iterator[Category]:
    seen: set[UUID] = set()
    here: Category | None = category
    while here is not None and here.pk not in seen:
        seen.add(here.pk)
        yield here
        here = by_id.get(here.parent_id) if here.parent_id else None


def named(model: type[K], q: str) -> QuerySet[K]:
    """Return authors, publishers or categories by name; `q` begins any word of it."""
    rows, words = model._default_manager.order_by("name_key", "pk"), key_of(q.replace("\x00", ""))
    return rows.filter(Q(name_key__startswith=words) | Q(name_key__contains=f" {words}")) if words else rows


def within(categories: QuerySet[Category], parent: str | None) -> QuerySet[Category]:
    """Return those of some categories that stand right in one: its id, or `none` for the top; raises Invalid."""
    if not parent:
        return categories
    try:
        return categories.filter(parent=None if parent == "none" else UUID(parent))
    except ValueError as err:
        raise Invalid.field("parent", "invalid", "Use the id of a category, or none.") from err


def reviews_for(person: Any, book_id: UUID) -> QuerySet[Review]:
    """Return the reviews of a book; raises NotFound where the person sees no such book."""
    check_visible(person, book_id)
    return Review.objects.filter(book=book_id).select_related("user")


def get_review_for(person: Any, book_id: UUID, review_id: UUID) -> Review:
    return _found(reviews_for(person, book_id).filter(pk=review_id).first(), "There is no such review.")


def _found(row: M | None, otherwise: str) -> M:
    if row is None:
        raise NotFound(otherwise)
    return row
