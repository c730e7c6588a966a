"""Search in the catalogue: what is asked becomes a question to the index, and its hits become books."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lyceum.library import liking, selectors
from lyceum.library.filters import Filters, category_ids, ids_of
from lyceum.library.index import KIND
from lyceum.library.models import Author, Book, BookAuthor, Category, Publisher, Review
from lyceum.search import public as search
from lyceum.search.contracts import (
    Band,
    Bands,
    Bucket,
    Facet,
    Filter,
    Hit,
    IsOneOf,
    Range,
    Scored,
    SearchAnswer,
    SecondPass,
    Sort,
    Terms,
)
from lyceum.search.ranking import blend

SORTS = {
    "relevance": None,
    "price_asc": Sort("price"),
    "price": Sort("price"),
    "price_desc": Sort("price", descending=True),
    "rating": Sort("rating", descending=True),
    "date": Sort("year", descending=True),
    "popular": Sort("popularity", descending=True),
}
FACETS = (
    Terms("categories", "category_ids", 20),
    Bands(
        "price_ranges",
        "price",
        (Band("0-10", 0, 10), Band("10-25", 10, 25), Band("25-50", 25, 50), Band("50+", 50, None)),
    ),
    Bands("ratings", "rating", tuple(Band(str(mark), mark, None) for mark in (5, 4, 3, 2, 1))),
    Terms("languages", "language", 20),
    Terms("years", "year", 20),
)
HIGHLIGHTED = ("title", "author", "description")
# Of more ratings the newest say enough.
MOST_RATED = 500


@dataclass(frozen=True)
class Question:
    text: str = ""
    asked: Filters = field(default_factory=Filters)
    sort: str = "relevance"
    page: int = 1
    size: int = 20
    cursor: str = ""
    # Whether the best hits are ordered anew by popularity and taste.
    is_blended: bool = True
    # Whether what the words mean is found beside them: better on every judged set (`lyceum evaluate retrieval`).
    by_meaning: bool = True


@dataclass(frozen=True)
class Found:
    """An answer of the index with its books, in order; a hit whose book is gone meanwhile is left out."""

    answer: SearchAnswer
    books: list[tuple[Book, float, Mapping[str, str]]]


def ask(person: Any, question: Question, *, facets: tuple[Facet, ...] = FACETS, is_open: bool = False) -> SearchAnswer:
    """Search the catalogue as a person may see it, with `is_open` while they are still typing.

    Raises SearchUnavailable, and WrongCursor.
    """
    return search.search(
        KIND,
        question.text,
        asker=person,
        selections=selections(question.asked),
        facets=facets,
        sort=SORTS[question.sort],
        offset=(question.page - 1) * question.size,
        size=question.size,
        cursor=question.cursor,
        highlights=HIGHLIGHTED,
        is_open=is_open,
        second_pass=second_pass(person) if question.is_blended else None,
        by_meaning=question.by_meaning,
    )


def find(person: Any, question: Question, *, facets: tuple[Facet, ...] = FACETS, is_open: bool = False) -> Found:
    """Search as `ask` does, and return the books whole."""
    answer = ask(person, question, facets=facets, is_open=is_open)
    books = {book.pk: book for book in selectors.books_in_order(person, [hit.id for hit in answer.hits])}
    return Found(answer, [(books[hit.id], hit.score, hit.highlights) for hit in answer.hits if hit.id in books])


def alike(person: Any, book_id: UUID, *, size: int) -> list[Hit]:
    """Return the hits that are like a book; raises NotFound where the person sees none."""
    hits = search.similar(KIND, book_id, asker=person, size=size)
    if hits is None:
        # Not in the index yet, or nothing that this person may see.
        selectors.get_book_for(person, book_id)
    return hits or []


def complete(person: Any, text: str, *, size: int = 10) -> list[str]:
    """Return titles that begin as typed, the most popular first."""
    return [one.text for one in search.complete(KIND, text, asker=person, size=size)]


def selections(asked: Filters) -> dict[str, Filter]:
    """Return the filters by the names of the facets that show them."""
    found: dict[str, Filter] = {}
    if asked.category:
        found["categories"] = IsOneOf("category_ids", _keys(category_ids(asked.category)))
    if asked.author:
        found["authors"] = IsOneOf("author_ids", _keys(ids_of(Author, asked.author)))
    if asked.publisher:
        found["publishers"] = IsOneOf("publisher_id", _keys(ids_of(Publisher, asked.publisher)))
    if asked.language:
        found["languages"] = IsOneOf("language", tuple(asked.language))
    if asked.status:
        found["statuses"] = IsOneOf("status", tuple(asked.status))
    for name, column, low, high in (
        ("price_ranges", "price", asked.price_min, asked.price_max),
        ("years", "year", asked.year_min, asked.year_max),
        ("ratings", "rating", asked.rating_min, None),
    ):
        if low is not None or high is not None:
            found[name] = Range(column, at_least=low, at_most=high)
    return found


def _keys(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(ids))


def counted_categories(buckets: Sequence[Bucket]) -> list[tuple[Category, int]]:
    """Name the categories that were counted by their ids."""
    counts = {UUID(bucket.value): bucket.count for bucket in buckets}
    rows = {category.pk: category for category in Category.objects.filter(pk__in=counts)}
    return [(rows[one], count) for one, count in counts.items() if one in rows]


def second_pass(person: Any) -> SecondPass:
    """Weigh the best hits anew: by text, by popularity, and by what the person rated before."""

    def score(found: Sequence[Scored]) -> list[float]:
        rated = _rated_by(person)
        traits = _traits([one.id for one in found]) if rated else {}
        return [
            blend(one.text, one.popularity, liking.share(rated, traits.get(one.id, ())) if rated else liking.UNDECIDED)
            for one in found
        ]

    return SecondPass(score)


def _rated_by(person: Any) -> dict[Hashable, float]:
    if not person.is_authenticated:
        return {}
    newest = Review.objects.filter(user=person.pk).order_by("-created_at", "-pk")
    ratings = dict(newest.values_list("book_id", "rating")[:MOST_RATED])
    traits = _traits(ratings)
    return liking.leanings((rating, traits.get(book_id, ())) for book_id, rating in ratings.items())


def _traits(book_ids: Collection[UUID]) -> dict[UUID, list[Hashable]]:
    """Return the ids of the authors and the categories of books."""
    found: dict[UUID, list[Hashable]] = {book_id: [] for book_id in book_ids}
    if not found:
        return found
    links = BookAuthor.objects.filter(book__in=found).values_list("book_id", "author_id")
    shelves = Book.categories.through.objects.filter(book__in=found).values_list("book_id", "category_id")
    for book_id, trait in [*links, *shelves]:
        found[book_id].append(trait)
    return found
