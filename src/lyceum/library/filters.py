"""What narrows and orders a list of books."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from lyceum.library import selectors
from lyceum.library.models import Author, Book, Category, Publisher, key_of

# What a list may be ordered by, each also downwards with a `-` before it.
ORDERS = {
    "title": "title_key",
    "price": "price",
    "rating": "average_rating",
    "year": "publication_year",
    "popular": "popularity",
    "created_at": "created_at",
}
NEWEST = "-created_at"
# Of more the name says too little.
MOST_CALLED = 200


@dataclass(frozen=True)
class Filters:
    """What is asked for; of several values of one kind any is good. Names stand for all that are called so."""

    category: Sequence[str] = ()
    author: Sequence[str] = ()
    publisher: Sequence[str] = ()
    language: Sequence[str] = ()
    status: Sequence[str] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    year_min: int | None = None
    year_max: int | None = None
    rating_min: Decimal | None = None


def narrowed(rows: QuerySet[Book], asked: Filters) -> QuerySet[Book]:
    """Return the rows that pass every filter; a category stands for all that is below it."""
    if asked.category:
        rows = rows.filter(categories__in=category_ids(asked.category)).distinct()
    if asked.author:
        rows = rows.filter(pk__in=_written_by(asked.author))
    if asked.publisher:
        rows = rows.filter(publisher__in=ids_of(Publisher, asked.publisher))
    if asked.language:
        rows = rows.filter(language__in=asked.language)
    if asked.status:
        rows = rows.filter(status__in=asked.status)
    return rows.filter(_ranges(asked))


def _written_by(authors: Sequence[str]) -> QuerySet[Any, Any]:
    return Book.objects.filter(authorships__author__in=ids_of(Author, authors)).values("pk")


def _ranges(asked: Filters) -> Q:
    bounds = {
        "price__gte": asked.price_min,
        "price__lte": asked.price_max,
        "publication_year__gte": asked.year_min,
        "publication_year__lte": asked.year_max,
        "average_rating__gte": asked.rating_min,
    }
    return Q(**{name: bound for name, bound in bounds.items() if bound is not None})


def category_ids(asked: Collection[str]) -> set[UUID]:
    """Return the categories that are named by id or name, with all below them."""
    return selectors.subtree(ids_of(Category, asked))


def ids_of(model: type[Author] | type[Publisher] | type[Category], asked: Collection[str]) -> set[UUID]:
    """Return the ids of those that are named by id or by name, however it is written or cut short."""
    ids, names = set[UUID](), set[str]()
    for text in asked:
        try:
            ids.add(UUID(text))
        except ValueError:
            names.add(key_of(text))
    for name in names:
        ids |= set(_called(model, name))
    return ids


def _called(model: type[Author] | type[Publisher] | type[Category], name: str) -> list[UUID]:
    """Return those of this name; where there is none, those with a word that begins so, as `le guin` or `tolk`."""
    exact = list(model._default_manager.filter(name_key=name).values_list("pk", flat=True))
    return exact or list(selectors.named(model, name).values_list("pk", flat=True)[:MOST_CALLED])


def ordered(rows: QuerySet[Book], order: str) -> QuerySet[Book]:
    """Order the rows by a word of `ORDERS`; what has no value stands last, equal ones by their id."""
    field, is_down = ORDERS[order.removeprefix("-")], order.startswith("-")
    by = OrderBy(F(field), descending=is_down, nulls_last=True)
    return rows.order_by(by, "-pk" if is_down else "pk")
