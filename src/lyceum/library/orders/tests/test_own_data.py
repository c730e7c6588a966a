"""Carts and orders in what a person gets and what is left when they are gone."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from lyceum.core.archives import Archive
from lyceum.core.privacy import Subject
from lyceum.library.models import Book
from lyceum.library.orders import carts, payments, privacy, services
from lyceum.library.orders.models import CartItem, Order
from lyceum.library.orders.tests.conftest import Buy


def subject_of(person: Any) -> Subject:
    return Subject(person.pk, person.email)


def exported(person: Any) -> dict[str, Any]:
    with BytesIO() as file:
        archive = Archive(file)
        privacy.export(subject_of(person), archive)
        archive.close()
        with ZipFile(file) as found:
            return {name: json.loads(found.read(name)) for name in found.namelist() if name.endswith(".json")}


def pay(order: Order, reference: str) -> None:
    payments.receive(payments.Notice(reference, order.pk, order.total_amount, order.currency, reference))


def test_a_person_gets_their_own_cart_and_orders(alice: Any, bob: Any, book: Book, other: Book, buy: Buy) -> None:
    order = buy(alice, 2)
    pay(order, "pi_1")
    carts.add(alice, other.pk)
    buy(bob)
    found = exported(alice)
    [one] = found["orders.json"]
    assert (one["id"], one["status"], one["total_amount"]) == (str(order.pk), "paid", "20.00")
    assert one["items"] == [{"book": str(book.pk), "title": "Basin and Range", "price": "10.00", "quantity": 2}]
    assert one["payments"][0]["reference"] == "pi_1"
    assert [item["book__title"] for item in found["cart.json"]] == ["Rising from the Plains"]


def test_orders_stay_without_the_person_and_what_was_not_paid_comes_to_nothing(
    alice: Any, bob: Any, book: Book, other: Book, buy: Buy
) -> None:
    paid, waiting, others = buy(alice, 1), buy(alice, 2, key="two"), buy(bob, 1)
    pay(paid, "pi_1")
    carts.add(alice, other.pk)
    carts.add(bob, other.pk)
    privacy.erase(subject_of(alice))
    kept = {order.pk: (order.status, order.buyer_id, order.key) for order in Order.objects.all()}
    assert kept == {
        paid.pk: ("paid", None, None),
        waiting.pk: ("cancelled", None, None),
        others.pk: ("pending", bob.pk, "one"),
    }
    assert Order.objects.get(pk=paid.pk).total_amount == paid.total_amount
    assert Book.objects.get(pk=book.pk).stock == 3
    assert list(CartItem.objects.values_list("user", flat=True)) == [bob.pk]


def test_an_order_of_nobody_still_goes_on(alice: Any, priya: Any, buy: Buy) -> None:
    order = buy(alice)
    pay(order, "pi_1")
    privacy.erase(subject_of(alice))
    services.ship_order(priya, order.pk)
    assert services.deliver_order(priya, order.pk).status == "delivered"
