"""What the database itself keeps right of books, whatever writes into it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from lyceum.library import public, selectors
from lyceum.library.models import Book, Review
from lyceum.library.testing import make_book, make_category

pytestmark = pytest.mark.django_db


def figures(book: Book) -> tuple[int, Decimal | None]:
    found = Book.objects.get(pk=book.pk)
    return found.review_count, found.average_rating


def test_average_and_count_follow_each_change_of_reviews(alice: Any, bob: Any) -> None:
    book, other = make_book("Maps"), make_book("Rocks")
    assert figures(book) == (0, None)

    one = Review.objects.create(book=book, user=alice, rating=5)
    Review.objects.bulk_create([Review(book=book, user=bob, rating=2), Review(book=other, user=bob, rating=1)])
    assert figures(book) == (2, Decimal("3.50"))

    Review.objects.filter(pk=one.pk).update(rating=4)
    assert figures(book) == (2, Decimal("3.00"))

    Review.objects.filter(user=bob).delete()
    assert (figures(book), figures(other)) == ((1, Decimal("4.00")), (0, None))

    alice.delete()
    assert figures(book) == (0, None)


def test_a_hundred_good_marks_are_more_popular_than_one_very_good(alice: Any) -> None:
    loved, lone, none = make_book("Loved"), make_book("Lone"), make_book("None")
    Review.objects.create(book=lone, user=alice, rating=5)
    Review.objects.bulk_create(Review(book=loved, source="x", reader=str(n), rating=4) for n in range(100))
    assert list(Book.objects.order_by("-popularity")) == [loved, lone, none]


@pytest.mark.parametrize(
    "fields",
    [
        {"stock": -1},
        {"price": Decimal("-0.01")},
        {"isbn": "1234567890123"},
        {"publication_date": date(2001, 2, 3), "publication_year": 2002},
    ],
)
def test_what_no_book_can_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Book.objects.create(title="Maps", **fields)


@pytest.mark.parametrize(
    "fields", [{"rating": 0}, {"rating": 6}, {"rating": 3, "source": "x"}, {"rating": 3, "user": None}]
)
def test_what_no_review_can_be_is_refused(alice: Any, fields: dict[str, Any]) -> None:
    book = make_book("Maps")
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(**{"book": book, "user": alice, **fields})


def test_a_reader_reviews_a_book_once(alice: Any) -> None:
    book = make_book("Maps")
    for reader in ({"user": alice}, {"source": "x", "reader": "7"}):
        Review.objects.create(book=book, rating=3, **reader)
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.create(book=book, rating=4, **reader)


def test_a_subtree_holds_the_category_and_all_below() -> None:
    science = make_category("Science")
    earth = make_category("Earth", science)
    rocks = make_category("Rocks", earth)
    make_category("Novels")
    assert selectors.subtree([science.pk]) == {science.pk, earth.pk, rocks.pk}


def test_readers_see_what_is_for_them_and_staff_everything(
    alice: Any, priya: Any, django_assert_num_queries: Any
) -> None:
    book, draft = make_book("Maps", ["Ada Writer", "Bo Lim"]), make_book("Draft", status="draft")
    with django_assert_num_queries(3):
        [card] = public.book_cards(alice, [draft.pk, book.pk])
    assert (card.title, card.author) == ("Maps", "Ada Writer, Bo Lim")
    assert [card.title for card in public.book_cards(priya, [draft.pk, book.pk])] == ["Draft", "Maps"]
