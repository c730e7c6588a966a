from collections.abc import Callable
from typing import Any

import pytest

from lyceum.library.models import Book
from lyceum.library.orders import carts, services
from lyceum.library.orders.models import Order
from lyceum.library.testing import make_book

Buy = Callable[..., Order]


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture
def book(db: None) -> Book:
    return make_book("Basin and Range", price="10.00", stock=5)


@pytest.fixture
def other(db: None) -> Book:
    return make_book("Rising from the Plains", price="0.35", stock=9)


@pytest.fixture
def buy(book: Book) -> Buy:
    """Let somebody order copies of a book."""

    def do(person: Any, quantity: int = 1, *, of: Book | None = None, key: str = "one") -> Order:
        carts.add(person, (of or book).pk, quantity)
        return services.place_order(person, key=key)

    return do
