"""Carts and orders over the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.library.models import Book
from lyceum.library.orders.models import Order

CART, ORDERS = "/api/v1/cart/", "/api/v1/orders/"
ITEMS, CREATE = f"{CART}items/", f"{ORDERS}create_from_cart/"


def add(client: APIClient, book: Book, quantity: int = 1) -> Any:
    return client.post(ITEMS, {"book": str(book.pk), "quantity": quantity})


def order(client: APIClient, key: str = "one", body: Any = None) -> Any:
    return client.post(CREATE, body or {}, headers={"Idempotency-Key": key})


def test_a_cart_is_filled_changed_and_emptied(
    alice_api: APIClient, bob_api: APIClient, book: Book, other: Book
) -> None:
    first = add(alice_api, book, 2)
    assert first.status_code == 201
    assert first["Location"] == f"{ITEMS}{first.json()['id']}/"
    again = add(alice_api, book)
    assert (again.json()["id"], again.json()["quantity"]) == (first.json()["id"], 3)
    add(alice_api, other)
    cart = alice_api.get(CART).json()
    assert (cart["count"], cart["total_amount"], cart["currency"], cart["can_be_ordered"]) == (4, "30.35", "EUR", True)
    assert [(one["title"], one["price"], one["amount"], one["notice"]) for one in cart["items"]] == [
        ("Basin and Range", "10.00", "30.00", None),
        ("Rising from the Plains", "0.35", "0.35", None),
    ]
    path = first["Location"]
    changed = alice_api.patch(path, {"quantity": 1}, headers={"If-Match": alice_api.get(path)["ETag"]})
    assert (changed.status_code, changed.json()["quantity"]) == (200, 1)
    check_problem(alice_api.patch(path, {"quantity": 2}, headers={"If-Match": '"old"'}), 412, "precondition_failed")
    assert bob_api.get(CART).json() == {**cart, "items": [], "count": 0, "total_amount": "0.00", "currency": None} | {
        "can_be_ordered": False,
        "quote": bob_api.get(CART).json()["quote"],
    }
    for method in ("get", "patch", "delete"):
        assert getattr(bob_api, method)(path, {"quantity": 1} if method == "patch" else None).status_code == 404
    assert alice_api.delete(path).status_code == 204
    assert alice_api.get(path).status_code == 404
    assert [one["title"] for one in alice_api.get(CART).json()["items"]] == ["Rising from the Plains"]
    assert alice_api.delete(CART).status_code == 204
    assert alice_api.get(CART).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("book", "required")),
        ({"book": "x"}, ("book", "invalid")),
        ({"book": 7}, ("book", "invalid_type")),
        ({"quantity": 0}, ("quantity", "too_small")),
        ({"quantity": -1}, ("quantity", "too_small")),
        ({"quantity": 101}, ("quantity", "too_large")),
        ({"quantity": "2"}, ("quantity", "invalid_type")),
        ({"quantity": 1.5}, ("quantity", "invalid_type")),
        ({"price": "0.01"}, ("price", "unknown_field")),
    ],
)
def test_what_cannot_be_put_into_a_cart_is_told_by_field(
    alice_api: APIClient, book: Book, body: dict[str, Any], fault: tuple[str, str]
) -> None:
    sent = body if fault[0] == "book" else {"book": str(book.pk), **body}
    assert fault in field_codes(alice_api.post(ITEMS, sent))
    assert alice_api.get(CART).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stock": 0}, "sold_out"),
        ({"stock": 1}, "sold_out"),
        ({"status": "out_of_print"}, "not_for_sale"),
        ({"price": None}, "not_for_sale"),
        ({"currency": "USD"}, "mixed_currencies"),
    ],
)
def test_what_cannot_be_had_is_refused_when_it_is_put_in(
    alice_api: APIClient, book: Book, other: Book, change: dict[str, Any], code: str
) -> None:
    add(alice_api, other)
    Book.objects.filter(pk=book.pk).update(**change)
    check_problem(add(alice_api, book, 2), 409, code)


def test_a_book_that_one_may_not_see_is_none(alice_api: APIClient, book: Book) -> None:
    Book.objects.update(status="draft")
    assert add(alice_api, book).status_code == 404
    assert alice_api.post(ITEMS, {"book": "01a20a8c-3f00-7000-8000-000000000000"}).status_code == 404


def test_what_has_changed_since_is_said_in_the_cart(alice_api: APIClient, book: Book, other: Book) -> None:
    add(alice_api, book, 2)
    add(alice_api, other)
    Book.objects.filter(pk=book.pk).update(price="12.00")
    Book.objects.filter(pk=other.pk).update(stock=0)
    cart = alice_api.get(CART).json()
    assert [one["notice"] for one in cart["items"]] == ["price_changed", "sold_out"]
    assert (cart["items"][0]["price"], cart["items"][0]["current_price"]) == ("10.00", "12.00")
    assert (cart["total_amount"], cart["can_be_ordered"]) == ("24.35", False)
    refused = order(alice_api)
    check_problem(refused, 409, "sold_out")
    assert refused.json()["errors"] == [
        {
            "field": f"items.{cart['items'][1]['id']}",
            "code": "sold_out",
            "detail": "Of Rising from the Plains there are 0 in stock.",
        }
    ]


def test_an_order_is_placed_read_listed_and_cancelled_by_its_buyer_alone(
    alice_api: APIClient, bob_api: APIClient, staff_api: APIClient, book: Book
) -> None:
    add(alice_api, book, 2)
    placed = order(alice_api)
    assert placed.status_code == 201
    found = placed.json()
    assert placed["Location"] == f"{ORDERS}{found['id']}/"
    assert {name: found[name] for name in ("status", "total_amount", "currency")} == {
        "status": "pending",
        "total_amount": "20.00",
        "currency": "EUR",
    }
    assert found["items"] == [{"book": str(book.pk), "title": book.title, "price": "10.00", "quantity": 2}]
    path = placed["Location"]
    assert alice_api.get(path).json() == staff_api.get(path).json() == found
    assert [one["id"] for one in alice_api.get(ORDERS).json()["results"]] == [found["id"]]
    assert bob_api.get(ORDERS).json()["results"] == staff_api.get(ORDERS).json()["results"] == []
    assert [one["id"] for one in staff_api.get(f"{ORDERS}?all=true&status=pending").json()["results"]] == [found["id"]]
    assert staff_api.get(f"{ORDERS}?all=true&status=paid").json()["results"] == []
    check_problem(bob_api.get(f"{ORDERS}?all=true"), 403, "forbidden")
    assert field_codes(alice_api.get(f"{ORDERS}?status=lost")) == {("status", "invalid")}
    for act in (bob_api.get(path), bob_api.post(f"{path}cancel/")):
        check_problem(act, 404, "not_found")
    cancelled = alice_api.post(f"{path}cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert cancelled.json()["cancelled_because"] == "asked"
    assert Book.objects.get(pk=book.pk).stock == 5


def test_an_order_needs_a_key_and_is_made_once_for_it(alice_api: APIClient, book: Book) -> None:
    add(alice_api, book)
    assert field_codes(alice_api.post(CREATE, {})) == {("Idempotency-Key", "required")}
    assert field_codes(order(alice_api, "a b")) == {("Idempotency-Key", "invalid")}
    first, again = order(alice_api), order(alice_api)
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    check_problem(order(alice_api, body={"quote": "x"}), 409, "idempotency_key_reused")
    check_problem(order(alice_api, "two"), 409, "cart_empty")
    assert Order.objects.count() == 1


def test_a_changed_price_is_told_and_the_new_one_can_be_taken(alice_api: APIClient, book: Book) -> None:
    item = add(alice_api, book)["Location"]
    Book.objects.update(price="11.50")
    refused = order(alice_api)
    check_problem(refused, 409, "price_changed")
    assert refused.json()["errors"][0]["detail"] == "Basin and Range costs 11.50 EUR now, not 10.00 EUR."
    check_problem(order(alice_api, "two", {"quote": "what was shown"}), 409, "cart_changed")
    # Whoever changes an item is shown its price, and so is whoever reads the cart.
    assert alice_api.patch(item, {"quantity": 1}).json()["price"] == "11.50"
    assert order(alice_api, "three").json()["total_amount"] == "11.50"
    add(alice_api, book)
    Book.objects.update(price="11.00")
    quote = alice_api.get(CART).json()["quote"]
    assert order(alice_api, "four", {"quote": quote}).json()["total_amount"] == "11.00"


def test_staff_send_and_deliver_what_is_paid_and_leave_their_names(
    alice_api: APIClient, staff_api: APIClient, priya: Any, book: Book
) -> None:
    add(alice_api, book)
    path = order(alice_api)["Location"]
    check_problem(alice_api.post(f"{path}ship/"), 403, "forbidden")
    check_problem(staff_api.post(f"{path}ship/"), 409, "wrong_status")
    Order.objects.update(status="paid")
    check_problem(staff_api.post(f"{path}deliver/"), 409, "wrong_status")
    assert staff_api.post(f"{path}ship/").json()["status"] == "shipped"
    check_problem(alice_api.post(f"{path}cancel/"), 409, "wrong_status")
    assert staff_api.post(f"{path}deliver/").json()["status"] == "delivered"
    found = alice_api.get(path).json()
    assert found["shipped_at"] and found["delivered_at"]
    lines = AuditEntry.objects.filter(subject=found["id"]).order_by("created_at", "pk")
    assert list(lines.values_list("action", "actor")) == [("order.shipped", priya.pk), ("order.delivered", priya.pk)]


def test_a_page_of_orders_asks_two_queries(
    alice_api: APIClient, book: Book, other: Book, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        add(alice_api, book)
        add(alice_api, other)
        assert order(alice_api, str(number)).status_code == 201
    with django_assert_max_num_queries(2):
        assert len(alice_api.get(ORDERS).json()["results"]) == 5
    with django_assert_max_num_queries(1):
        alice_api.get(CART)
