"""Answers what a reader asks of the catalogue: the books of one page, and how many more each filter would leave."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, When
from django.utils.translation import gettext as _

from lyceum.library import filters, selectors
from lyceum.library.models import Book, Category, key_of
from lyceum.library.pages.questions import BANDS, RATINGS, Question

ON_A_PAGE = 20
CENT = Decimal("0.01")
ORDERS = {"popular": "-popular", "rating": "-rating", "date": "-year", "price_asc": "price", "price_desc": "-price"}


@dataclass(frozen=True)
class Choice:
    """One value of a filter, with the number of books that it leaves under the other filters."""

    value: str
    label: str
    count: int
    is_chosen: bool = False
    below: list["Choice"] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    books: list[Book]
    count: int
    categories: list[Choice]
    prices: list[Choice]
    ratings: list[Choice]
    languages: list[Choice]
    did_you_mean: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // ON_A_PAGE))


def answer(person: Any, asked: Question) -> Answer:
    rows = _matching(person, asked)
    start = (asked.page - 1) * ON_A_PAGE
    ids = _ordered(rows, asked).values_list("pk", flat=True)[start : start + ON_A_PAGE]
    return Answer(
        books=selectors.books_in_order(person, ids),
        count=rows.count(),
        categories=_categories(person, asked),
        prices=_prices(person, asked),
        ratings=_ratings(person, asked),
        languages=_languages(person, asked),
    )


def _matching(person: Any, asked: Question, **without: Any) -> QuerySet[Book]:
    """Return the books that are asked for; `without` takes filters back, so that a facet does not filter itself."""
    open_question = replace(asked, **without)
    rows = filters.narrowed(selectors.visible_books(person), to_filters(open_question))
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
        price_min=low,
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


def _categories(person: Any, asked: Question) -> list[Choice]:
    """Return the branches; below one that is chosen, or has something chosen in it, stand its own."""
    by_id = {category.pk: category for category in Category.objects.order_by("name_key")}
    above = selectors.ancestry()
    pairs = _matching(person, asked, category=()).values_list("pk", "categories").distinct()
    books: dict[UUID, set[UUID]] = {}
    for book_id, category_id in pairs:
        for one in above.get(category_id, []):
            books.setdefault(one.pk, set()).add(book_id)
    chosen = filters.ids_of(Category, asked.category)
    return _branch(None, by_id.values(), {one: len(found) for one, found in books.items()}, chosen)


def _branch(parent: UUID | None, known: Iterable[Category], counts: dict[UUID, int], chosen: set[UUID]) -> list[Choice]:
    found = []
    for one in known:
        if one.parent_id != parent:
            continue
        below = _branch(one.pk, known, counts, chosen)
        is_open = one.pk in chosen or any(each.is_chosen or each.below for each in below)
        count = counts.get(one.pk, 0)
        if count or one.pk in chosen:
            found.append(Choice(str(one.pk), one.name, count, one.pk in chosen, below if is_open else []))
    return found


def _prices(person: Any, asked: Question) -> list[Choice]:
    rows = _matching(person, asked, price="")
    return _counted(rows, band_words(), lambda band: to_filters(Question(price=band)), asked.price)


def band_words() -> dict[str, str]:
    return {"0-10": _("Under 10"), "10-25": _("10 to 25"), "25-50": _("25 to 50"), "50-": _("50 and over")}


def _ratings(person: Any, asked: Question) -> list[Choice]:
    rows = _matching(person, asked, rating_min="")
    words = {rating: _("%s and up") % rating for rating in RATINGS}
    return _counted(rows, words, lambda rating: to_filters(Question(rating_min=rating)), asked.rating_min)


def _counted(
    rows: QuerySet[Book], words: dict[str, str], narrower: Callable[[str], filters.Filters], chosen: str
) -> list[Choice]:
    return [
        Choice(value, label, filters.narrowed(rows, narrower(value)).count(), value == chosen)
        for value, label in words.items()
    ]


def _languages(person: Any, asked: Question) -> list[Choice]:
    rows = _matching(person, asked, language=()).exclude(language="")
    found = rows.values_list("language").annotate(count=Count("pk")).order_by("-count", "language")
    return [Choice(code, code, count, code in asked.language) for code, count in found]


def names_of(asked: Question) -> dict[str, str]:
    """Return what the ids in a question are called."""
    wanted: Sequence[UUID] = [*filters.ids_of(Category, asked.category)]
    return {str(row.pk): row.name for row in Category.objects.filter(pk__in=wanted)}
