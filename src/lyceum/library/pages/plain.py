"""Answers from the database, while the index is away: the words as they are, anywhere in a book."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, When

from lyceum.library import filters, selectors
from lyceum.library.models import Book, key_of
from lyceum.library.pages import facets
from lyceum.library.pages.facets import ON_A_PAGE, Answer
from lyceum.library.pages.questions import BANDS, RATINGS, Question

CENT = Decimal("0.01")
ORDERS = {"popular": "-popular", "rating": "-rating", "date": "-year", "price_asc": "price", "price_desc": "-price"}


def answer(person: Any, asked: Question) -> Answer:
    rows = _matching(person, asked)
    start = (asked.page - 1) * ON_A_PAGE
    ids = _ordered(rows, asked).values_list("pk", flat=True)[start : start + ON_A_PAGE]
    return Answer(
        books=[(book, "") for book in selectors.books_in_order(person, ids)],
        count=rows.count(),
        categories=facets.categories(_category_counts(_matching(person, asked, category=())), asked),
        prices=facets.prices(_price_counts(_matching(person, asked, price="")), asked),
        ratings=facets.ratings(_rating_counts(_matching(person, asked, rating_min="")), asked),
        languages=facets.languages(_language_counts(_matching(person, asked, language=())), asked),
        is_plain=True,
    )


def _matching(person: Any, asked: Question, **without: Any) -> QuerySet[Book]:
    """Return the books that are asked for; `without` takes filters back, so that a facet does not filter itself."""
    rows = filters.narrowed(selectors.visible_books(person), to_filters(replace(asked, **without)))
    for word in key_of(asked.q).split():
        rows = rows.filter(
            Q(title_key__contains=word)
            | Q(subtitle__icontains=word)
            | Q(description__icontains=word)
            | Q(authors__name_key__contains=word)
            | Q(categories__name_key__contains=word)
        )
    return Book.objects.filter(pk__in=rows.values("pk"))


def to_filters(asked: Question) -> filters.Filters:
    low, high = BANDS.get(asked.price, (None, None))
    return filters.Filters(
        category=asked.category,
        author=asked.author,
        language=asked.language,
        price_min=None if low is None else Decimal(low),
        price_max=None if high is None else high - CENT,
        year_min=asked.year_min,
        year_max=asked.year_max,
        rating_min=Decimal(asked.rating_min) if asked.rating_min else None,
    )


def _ordered(rows: QuerySet[Book], asked: Question) -> QuerySet[Book]:
    if asked.order == "relevance":
        in_title = Case(When(title_key__contains=key_of(asked.q), then=0), default=1)
        return rows.order_by(in_title, F("popularity").desc(), "pk")
    return filters.ordered(rows, ORDERS[asked.order])


def _category_counts(rows: QuerySet[Book]) -> dict[UUID, int]:
    above = selectors.ancestry()
    books: dict[UUID, set[UUID]] = {}
    for book_id, category_id in rows.values_list("pk", "categories").distinct():
        for one in above.get(category_id, []):
            books.setdefault(one.pk, set()).add(book_id)
    return {category_id: len(found) for category_id, found in books.items()}


def _price_counts(rows: QuerySet[Book]) -> dict[str, int]:
    return {band: filters.narrowed(rows, to_filters(Question(price=band))).count() for band in BANDS}


def _rating_counts(rows: QuerySet[Book]) -> dict[str, int]:
    return {mark: filters.narrowed(rows, to_filters(Question(rating_min=mark))).count() for mark in RATINGS}


def _language_counts(rows: QuerySet[Book]) -> dict[str, int]:
    found = rows.exclude(language="").values_list("language").annotate(count=Count("pk"))
    return dict(found.order_by("-count", "language"))
