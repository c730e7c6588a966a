"""Bestsellers are the copies ordered in thirty days, kept as they are ordered."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.library.models import Book
from lyceum.library.orders import sales, services
from lyceum.library.orders.models import DaySales, Order, Sales
from lyceum.library.orders.tests.conftest import Buy
from lyceum.library.testing import make_book

BEST = "/api/v1/books/bestsellers/"


def best(api: APIClient) -> list[tuple[str, int]]:
    return [(book["title"], book["copies_ordered"]) for book in api.get(BEST).json()["results"]]


def test_what_is_ordered_most_stands_first_for_everybody(
    api: APIClient, alice: Any, bob: Any, book: Book, other: Book, buy: Buy
) -> None:
    make_book("Nobody ordered this")
    buy(alice, 1)
    cancelled = buy(bob, 2)
    buy(bob, 2, of=other, key="two")
    assert best(api) == [("Basin and Range", 3), ("Rising from the Plains", 2)]
    services.cancel_order(bob, cancelled.pk)
    assert best(api) == [("Rising from the Plains", 2), ("Basin and Range", 1)]
    answer = api.get(f"{BEST}?page_size=1&page=2")
    assert (answer["X-Total-Count"], answer.json()["count"], answer.json()["next"]) == ("2", 2, None)
    Book.objects.filter(pk=other.pk).update(status="withdrawn")
    assert best(api) == [("Basin and Range", 1)]


def test_days_that_are_over_count_no_more(api: APIClient, alice: Any, bob: Any, book: Book, buy: Buy) -> None:
    today = timezone.now().date()
    old = buy(alice, 2)
    DaySales.objects.update(day=today - timedelta(days=29))
    buy(bob, 1)
    sales.forget_old()
    assert best(api) == [("Basin and Range", 3)]
    DaySales.objects.filter(copies=2).update(day=today - timedelta(days=30))
    for _ in range(2):
        sales.forget_old()
        assert best(api) == [("Basin and Range", 1)]
    # What was taken off with its day is not taken off again.
    Order.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=30))
    services.cancel_order(alice, old.pk)
    assert Sales.objects.get(book=book).copies == 1


def test_the_totals_are_always_the_days_added_up(alice: Any, bob: Any, book: Book, other: Book, buy: Buy) -> None:
    for number, (person, which) in enumerate([(alice, book), (bob, other), (alice, other), (bob, book)]):
        order = buy(person, 1, of=which, key=str(number))
        if number % 2:
            services.cancel_order(person, order.pk)
    for one in (book, other):
        days = sum(DaySales.objects.filter(book=one).values_list("copies", flat=True))
        assert Sales.objects.get(book=one).copies == days == 1


@pytest.mark.django_db
def test_a_page_is_read_in_few_queries(
    api: APIClient, alice: Any, book: Book, other: Book, buy: Buy, django_assert_max_num_queries: Any
) -> None:
    buy(alice)
    buy(alice, of=other, key="two")
    with django_assert_max_num_queries(4):
        assert len(best(api)) == 2
