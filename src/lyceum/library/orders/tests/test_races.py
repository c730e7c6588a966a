"""What comes at one moment: every copy is sold once, every order ends in one way, none waits for another for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lyceum.core.errors import DomainError
from lyceum.core.testing.people import make_person
from lyceum.library.models import Book
from lyceum.library.orders import carts, payments, services
from lyceum.library.orders.models import CartItem, Order, Payment, Sales
from lyceum.library.testing import make_book

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do all of it in threads that begin together; returns `done` or the code of the refusal of each."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        try:
            start.wait(10)
            act()
        except DomainError as err:
            return err.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def test_the_last_copies_go_to_as_many_as_there_are() -> None:
    book = make_book("The last copies", stock=3)
    people = [make_person(f"p{number}") for number in range(8)]
    for person in people:
        carts.add(person, book.pk)
    ends = at_once(*(lambda person=person: services.place_order(person, key="one") for person in people))
    assert ends == ["done"] * 3 + ["sold_out"] * 5
    assert (Book.objects.get(pk=book.pk).stock, Sales.objects.get(book=book).copies) == (0, 3)


def test_carts_in_any_order_never_wait_for_each_other_in_a_ring() -> None:
    books = [make_book(f"Volume {number}", stock=100) for number in range(4)]
    people = [make_person(f"p{number}") for number in range(8)]
    for number, person in enumerate(people):
        for book in books if number % 2 else reversed(books):
            carts.add(person, book.pk)
    ends = at_once(*(lambda person=person: services.place_order(person, key="one") for person in people))
    assert ends == ["done"] * 8
    # And back again, while the others are still ordering.
    orders = list(Order.objects.all())
    ends = at_once(*(lambda order=order: services.cancel_order(order.buyer, order.pk) for order in orders))
    assert ends == ["done"] * 8
    assert set(Book.objects.values_list("stock", flat=True)) == {100}


def test_a_cart_is_ordered_by_one_of_two_keys() -> None:
    book, person = make_book("One cart", stock=9), make_person("alice")
    carts.add(person, book.pk, 2)
    keys = ["one", "two", "one", "two"]
    ends = at_once(*(lambda key=key: services.place_order(person, key=key) for key in keys))
    assert ends in (["cart_empty"] * 2 + ["done"] * 2, ["cart_empty"] * 3 + ["done"])
    assert (Order.objects.count(), Book.objects.get(pk=book.pk).stock, CartItem.objects.count()) == (1, 7, 0)


def test_an_order_that_is_paid_cancelled_and_over_at_once_ends_in_one_way() -> None:
    book, person = make_book("One end", price="5.00", stock=9), make_person("alice")
    carts.add(person, book.pk, 4)
    order = services.place_order(person, key="one")
    Order.objects.update(pay_until=timezone.now())
    said = payments.Notice("msg_1", order.pk, order.total_amount, order.currency, "pi_1")
    at_once(
        services.expire_unpaid,
        lambda: services.cancel_order(person, order.pk),
        lambda: payments.receive(said),
        lambda: payments.receive(said),
        services.expire_unpaid,
    )
    found = Order.objects.get(pk=order.pk)
    # It was put back once, whoever cancelled it; and of the money there is one line, whether it came in time or not.
    assert (found.status, Book.objects.get(pk=book.pk).stock, Sales.objects.get(book=book).copies) == (
        "cancelled",
        9,
        0,
    )
    assert bool(Payment.objects.get().refusal) == (found.paid_at is None)


def test_one_book_put_in_from_many_windows_is_one_line() -> None:
    book, person = make_book("Many windows", stock=50), make_person("alice")
    assert at_once(*[lambda: carts.add(person, book.pk, 2)] * 6) == ["done"] * 6
    assert CartItem.objects.get().quantity == 12
