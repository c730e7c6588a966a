"""Orders come from carts: what is shown is what is paid, and every copy is sold once."""

from decimal import Decimal
from typing import Any

import pytest

from lyceum.core.models import OutboxEvent
from lyceum.library.models import Book
from lyceum.library.orders import carts, services
from lyceum.library.orders.errors import (
    CartChanged,
    CartEmpty,
    MixedCurrencies,
    NotForSale,
    PriceChanged,
    SoldOut,
    WrongStatus,
)
from lyceum.library.orders.models import CartItem, DaySales, Order, Sales
from lyceum.library.orders.tests.conftest import Buy


def stock_of(book: Book) -> int:
    return Book.objects.get(pk=book.pk).stock


def facts(name: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(name=name).order_by("created_at").values_list("payload", flat=True))


def test_a_cart_becomes_an_order(alice: Any, book: Book, other: Book) -> None:
    carts.add(alice, book.pk, 2)
    carts.add(alice, other.pk, 3)
    order = services.place_order(alice, key="one")
    assert (order.status, order.total_amount, order.currency) == ("pending", Decimal("21.05"), "EUR")
    items = [(item.book_id, item.title, item.price, item.quantity) for item in order.items.all()]
    assert items == [
        (book.pk, "Basin and Range", Decimal("10.00"), 2),
        (other.pk, "Rising from the Plains", Decimal("0.35"), 3),
    ]
    assert (stock_of(book), stock_of(other)) == (3, 6)
    assert not carts.items_of(alice).exists()
    [fact] = facts("OrderPlaced")
    assert (fact["order_id"], fact["user_id"]) == (str(order.pk), str(alice.pk))
    assert {line["book_id"]: line["quantity"] for line in fact["items"]} == {str(book.pk): 2, str(other.pk): 3}


def test_a_key_makes_one_order_and_each_buyer_has_keys_of_their_own(alice: Any, bob: Any, book: Book, buy: Buy) -> None:
    first = buy(alice)
    assert services.place_order(alice, key="one").pk == first.pk
    carts.add(alice, book.pk)
    assert services.place_order(alice, key="one").pk == first.pk
    assert services.place_order(alice, key="two").pk != first.pk
    assert buy(bob).pk != first.pk
    assert (Order.objects.count(), stock_of(book)) == (3, 2)


def test_an_empty_cart_is_no_order(alice: Any) -> None:
    with pytest.raises(CartEmpty):
        services.place_order(alice, key="one")


def test_the_price_is_the_one_that_was_shown_or_there_is_no_order(alice: Any, book: Book) -> None:
    carts.add(alice, book.pk)
    Book.objects.update(price=Decimal("12.00"))
    with pytest.raises(PriceChanged) as refused:
        services.place_order(alice, key="one")
    [error] = refused.value.errors
    assert error.detail == "Basin and Range costs 12.00 EUR now, not 10.00 EUR."
    assert (stock_of(book), Order.objects.count()) == (5, 0)
    [line] = carts.cart_of(alice).lines
    assert (line.shown, line.price, line.notice) == (Decimal("10.00"), Decimal("12.00"), "price_changed")
    # The cart was looked at, and what it showed is what is bought.
    order = services.place_order(alice, key="two", quote=carts.cart_of(alice).mark)
    assert order.total_amount == Decimal("12.00")


def test_a_quote_holds_for_what_it_showed_alone(alice: Any, book: Book, other: Book) -> None:
    carts.add(alice, book.pk)
    quote = carts.cart_of(alice).mark
    carts.add(alice, other.pk)
    with pytest.raises(CartChanged):
        services.place_order(alice, key="one", quote=quote)
    quote = carts.cart_of(alice).mark
    Book.objects.filter(pk=book.pk).update(price=Decimal("9.00"))
    with pytest.raises(CartChanged) as refused:
        services.place_order(alice, key="one", quote=quote)
    assert "9.00 EUR now" in refused.value.errors[0].detail
    assert services.place_order(alice, key="one", quote=carts.cart_of(alice).mark).total_amount == Decimal("9.35")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"stock": 1}, SoldOut),
        ({"stock": 0}, SoldOut),
        ({"status": "withdrawn"}, NotForSale),
        ({"status": "forthcoming"}, NotForSale),
        ({"price": None}, NotForSale),
        ({"currency": "USD"}, MixedCurrencies),
    ],
)
def test_all_of_a_cart_is_ordered_or_nothing(
    alice: Any, book: Book, other: Book, change: dict[str, Any], error: type[Exception]
) -> None:
    carts.add(alice, book.pk, 2)
    carts.add(alice, other.pk)
    Book.objects.filter(pk=book.pk).update(**change)
    with pytest.raises(error):
        services.place_order(alice, key="one")
    assert (Order.objects.count(), CartItem.objects.count(), stock_of(other)) == (0, 2, 9)


def test_the_database_itself_keeps_stock_from_falling_below_nothing(book: Book) -> None:
    from lyceum.library.orders import stock

    with pytest.raises(SoldOut):
        stock.take({book.pk: book}, {book.pk: 6})
    assert stock_of(book) == 5


def test_cancelling_puts_the_copies_back_once(alice: Any, book: Book, buy: Buy) -> None:
    order = buy(alice, 5)
    assert stock_of(book) == 0
    for _ in range(2):
        cancelled = services.cancel_order(alice, order.pk)
        assert (cancelled.status, cancelled.cancelled_because, stock_of(book)) == ("cancelled", "asked", 5)
    [fact] = facts("OrderCancelled")
    assert (fact["order_id"], fact["because"]) == (str(order.pk), "asked")


def test_an_order_goes_one_step_after_the_other(alice: Any, priya: Any, buy: Buy) -> None:
    order = buy(alice)
    for early in (services.ship_order, services.deliver_order):
        with pytest.raises(WrongStatus):
            early(priya, order.pk)
    Order.objects.filter(pk=order.pk).update(status="paid")
    with pytest.raises(WrongStatus):
        services.deliver_order(priya, order.pk)
    assert [services.ship_order(priya, order.pk).status for _ in range(2)] == ["shipped"] * 2
    with pytest.raises(WrongStatus):
        services.cancel_order(alice, order.pk)
    assert services.deliver_order(priya, order.pk).status == "delivered"
    with pytest.raises(WrongStatus):
        services.ship_order(priya, order.pk)
    assert len(facts("OrderShipped")) == len(facts("OrderDelivered")) == 1


def test_what_is_shown_of_a_book_is_another_version_when_its_stock_moves(alice: Any, book: Book, buy: Buy) -> None:
    order = buy(alice, 5)
    assert Book.objects.get(pk=book.pk).version == book.version + 1
    services.cancel_order(alice, order.pk)
    assert Book.objects.get(pk=book.pk).version == book.version + 2


def test_sales_follow_orders_and_cancellations(alice: Any, bob: Any, book: Book, buy: Buy) -> None:
    order = buy(alice, 3)
    buy(bob, 1)
    assert Sales.objects.get(book=book).copies == DaySales.objects.get(book=book).copies == 4
    services.cancel_order(alice, order.pk)
    assert Sales.objects.get(book=book).copies == DaySales.objects.get(book=book).copies == 1
