"""Ratings that are brought along: one for each reader of the other place and each book."""

from pathlib import Path
from typing import Any

import pytest

from lyceum.core.errors import Invalid
from lyceum.library import public as library
from lyceum.library.models import Book, BookOrigin, Review
from lyceum.library.testing import make_book

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(text: str, source: str = "goodbooks") -> library.ImportReport:
        file = tmp_path / "ratings.csv"
        file.write_text(text)
        return library.import_ratings(file, source=source)

    return load


@pytest.fixture
def book() -> Book:
    book = make_book("Maps", isbn="9780306406157")
    BookOrigin.objects.create(source="goodbooks", key="12", book=book)
    return book


def figures(book: Book) -> tuple[int, float | None]:
    found = Book.objects.get(pk=book.pk)
    return found.review_count, None if found.average_rating is None else float(found.average_rating)


def test_ratings_find_their_books_and_count(load: Any, book: Book) -> None:
    report = load("user_id,book_id,rating\n7,12,5\n8,12,4.0\n9,0306406152,3\n")
    assert (report.added, figures(book)) == (3, (3, 4.0))
    assert set(Review.objects.values_list("source", "reader", "rating")) == {
        ("goodbooks", "7", 5),
        ("goodbooks", "8", 4),
        ("goodbooks", "9", 3),
    }


def test_the_same_file_again_changes_nothing_and_a_new_mark_counts_once(load: Any, book: Book) -> None:
    load("user_id,book_id,rating\n7,12,5\n8,12,4\n")
    assert load("user_id,book_id,rating\n7,12,5\n8,12,4\n").unchanged == 2
    assert load("user_id,book_id,rating\n7,12,1\n7,12,2\n").changed == 2
    assert figures(book) == (2, 3.0)


def test_readers_of_two_places_are_two(load: Any, book: Book) -> None:
    load("user_id,isbn,rating\n7,9780306406157,5\n")
    load("user_id,isbn,rating\n7,9780306406157,1\n", source="elsewhere")
    assert figures(book) == (2, 3.0)


def test_what_is_no_rating_is_refused_by_its_line(load: Any, book: Book) -> None:
    report = load(
        "reader,book_id,rating,timestamp\n7,12,6,\n7,12,4.5,\n,12,5,\nada@example.org,12,5,\n7,99,5,\n7,12,5,soon\n"
        "7,12,5,964982703\n"
    )
    assert sorted((line, field) for line, field, _ in report.refused) == [
        (2, "rating"),
        (3, "rating"),
        (4, "user_id"),
        (5, "user_id"),
        (6, "book_id"),
        (7, "timestamp"),
    ]
    assert Review.objects.get().created_at.isoformat() == "2000-07-30T18:45:03+00:00"
    with pytest.raises(Invalid, match="user_id"):
        load("book_id,rating\n12,5\n")
