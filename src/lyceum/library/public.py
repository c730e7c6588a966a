"""What other parts may ask of the library."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lyceum.library import index, selectors
from lyceum.library.imports.files import import_books, import_ratings
from lyceum.library.imports.report import Report as ImportReport
from lyceum.library.models import Book
from lyceum.library.recommendations import versions


@dataclass(frozen=True)
class BookCard:
    """A book as other parts show it in a line."""

    id: UUID
    title: str
    author: str
    year: int | None
    average_rating: float | None
    review_count: int


@dataclass(frozen=True)
class TrainedRecommender:
    """A training of recommendations, and what it learnt from."""

    label: str
    books: int
    readers: int
    signals: int
    seconds: float


def train_recommendations(tell: Callable[[str, float], None]) -> TrainedRecommender:
    """Learn anew what to recommend, and switch to it; `tell` hears the name of a part and how much of it is done.

    Takes up to a minute for a million ratings; raises a Conflict beside another training.
    """
    made = versions.train(tell)
    return TrainedRecommender(made.label, **made.figures)


def go_back_to_earlier_recommender() -> str:
    """Use the training before the current one again and return its name; raises a Conflict where there is none."""
    return versions.go_back().label


def book_cards(person: Any, book_ids: Iterable[UUID]) -> list[BookCard]:
    """Return those of the books that a person may see, in the order of the ids."""
    return [_to_card(book) for book in selectors.books_in_order(person, book_ids)]


def get_book(person: Any, book_id: UUID) -> BookCard:
    """Return a book; raises NotFound where the person sees none."""
    return _to_card(selectors.get_book_for(person, book_id))


def reindex(book_ids: Iterable[UUID]) -> None:
    """Have books looked at again by the index, in the caller's transaction; for who writes their rows in bulk."""
    index.touch(book_ids)


def _to_card(book: Book) -> BookCard:
    average = book.average_rating
    return BookCard(
        book.pk,
        book.title,
        book.author,
        book.publication_year,
        None if average is None else float(average),
        book.review_count,
    )


__all__ = [
    "BookCard",
    "ImportReport",
    "TrainedRecommender",
    "book_cards",
    "get_book",
    "go_back_to_earlier_recommender",
    "import_books",
    "import_ratings",
    "reindex",
    "train_recommendations",
]
