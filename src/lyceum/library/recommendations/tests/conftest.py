from collections.abc import Callable
from typing import Any

import pytest

from lyceum.core import valkey
from lyceum.core.ids import uuid7
from lyceum.library import reviews
from lyceum.library.models import Book, Review
from lyceum.library.testing import make_book

SHELVES = ("Geology", "Gardening")
EACH = 8


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False
    settings.RECOMMENDATION_VARIANTS = ["recent"]


@pytest.fixture(autouse=True)
def nothing_kept(settings: Any) -> None:
    """Let no test find what another noted: the names of Valkey are those of this one alone."""
    settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}{uuid7()}:"
    assert valkey.key("x").startswith(settings.REDIS_PREFIX)


@pytest.fixture
def catalogue(db: None) -> dict[str, list[Book]]:
    """Two shelves of books, with readers of other places who like all of one and none of the other."""
    found = {
        shelf: [
            make_book(f"{shelf} {n}", [f"{shelf} Author {n}"], categories=[shelf], description=f"About {shelf} w{n}")
            for n in range(EACH)
        ]
        for shelf in SHELVES
    }
    Review.objects.bulk_create(
        Review(book=book, source="elsewhere", reader=f"{shelf}-{reader}", rating=5)
        for shelf, books in found.items()
        for reader in range(6)
        for place, book in enumerate(books)
        if (place + reader) % 3
    )
    return found


@pytest.fixture
def rate(django_capture_on_commit_callbacks: Any) -> Callable[..., None]:
    """Let somebody rate a book, and everybody hear of it."""

    def do(person: Any, book: Book, rating: int = 5) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            reviews.write_review(person, book.pk, rating=rating)

    return do
