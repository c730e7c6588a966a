"""Answers what a reader asks of the catalogue: by the index, and by the database while that is away."""

from typing import Any
from uuid import UUID

from lyceum.library import filters, searching
from lyceum.library.models import Category
from lyceum.library.pages import facets, plain
from lyceum.library.pages.facets import ON_A_PAGE, Answer
from lyceum.library.pages.questions import BANDS, RATINGS, Question
from lyceum.search.contracts import Band, Bands, Terms
from lyceum.search.engine import SearchUnavailable

# All of them: which are shown depends on what is chosen in the tree.
MOST_CATEGORIES = 1000
FACETS = (
    Terms("categories", "category_ids", MOST_CATEGORIES),
    Bands("price_ranges", "price", tuple(Band(name, low, high) for name, (low, high) in BANDS.items())),
    Bands("ratings", "rating", tuple(Band(mark, float(mark), None) for mark in RATINGS)),
    Terms("languages", "language", 20),
)


def answer(person: Any, asked: Question) -> Answer:
    try:
        return _by_index(person, asked)
    except SearchUnavailable:
        return plain.answer(person, asked)


def _by_index(person: Any, asked: Question) -> Answer:
    question = searching.Question(
        text=asked.q, asked=plain.to_filters(asked), sort=asked.order, page=asked.page, size=ON_A_PAGE
    )
    found = searching.find(person, question, facets=FACETS, is_open=True)
    counts = {name: {one.value: one.count for one in buckets} for name, buckets in found.answer.facets.items()}
    return Answer(
        books=[(book, highlights.get("description", "")) for book, _score, highlights in found.books],
        count=found.answer.count,
        categories=facets.categories({UUID(value): count for value, count in counts["categories"].items()}, asked),
        prices=facets.prices(counts["price_ranges"], asked),
        ratings=facets.ratings(counts["ratings"], asked),
        languages=facets.languages(counts["languages"], asked),
        did_you_mean=found.answer.did_you_mean,
    )


def names_of(asked: Question) -> dict[str, str]:
    """Return what the ids in a question are called."""
    wanted = filters.ids_of(Category, asked.category)
    return {str(row.pk): row.name for row in Category.objects.filter(pk__in=wanted)}
