"""Payments, told by signed messages that code of other people makes."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook as Sender

from lyceum.core.ids import uuid7
from lyceum.core.models import AuditEntry, OutboxEvent
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.library.models import Book
from lyceum.library.orders import services
from lyceum.library.orders.models import Order, Payment
from lyceum.library.orders.tests.conftest import Buy
from lyceum.notifications.signatures import new_secret

DOOR = "/api/v1/orders/payments/"
SECRET, OLD = new_secret(), new_secret()


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.PAYMENT_WEBHOOK_SECRETS = [SECRET, OLD]


def message(order: Order, **changed: Any) -> dict[str, Any]:
    data = {"order": str(order.pk), "amount": str(order.total_amount), "currency": order.currency, "reference": "pi_1"}
    return {"type": "order.paid", "timestamp": "2026-11-25T09:00:00Z", "data": {**data, **changed}}


def say(api: APIClient, body: Any, *, identity: str = "msg_1", secret: str = SECRET, at: datetime | None = None) -> Any:
    text, at = json.dumps(body), at or datetime.now(UTC)
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Sender(secret).sign(identity, at, text),
    }
    return api.generic("POST", DOOR, text, content_type="application/json", headers=headers)


@pytest.fixture
def order(alice: Any, buy: Buy) -> Order:
    return buy(alice, 2)


def status_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def test_a_signed_message_pays_an_order_once(api: APIClient, alice_api: APIClient, order: Order) -> None:
    for _ in range(3):
        answer = say(api, message(order))
        assert (answer.status_code, answer.json()) == (200, {"order": str(order.pk), "status": "paid"})
    # The same payment, told by another message or signed with the secret of before.
    assert say(api, message(order), identity="msg_2", secret=OLD).status_code == 200
    found = alice_api.get(f"/api/v1/orders/{order.pk}/").json()
    assert (found["status"], bool(found["paid_at"])) == ("paid", True)
    payment = Payment.objects.get()
    assert (payment.amount, payment.reference, payment.refusal) == (Decimal("20.00"), "pi_1", "")
    assert OutboxEvent.objects.filter(name="OrderPaid").count() == 1
    assert AuditEntry.objects.filter(action="order.paid", subject=str(order.pk)).count() == 1


@pytest.mark.parametrize("spoilt", ["secret", "old", "ahead", "unsigned", "no secret here"])
def test_what_is_not_signed_now_is_refused(api: APIClient, order: Order, spoilt: str, settings: Any) -> None:
    now = datetime.now(UTC)
    body = message(order)
    if spoilt == "no secret here":
        settings.PAYMENT_WEBHOOK_SECRETS = []
    answers = {
        "secret": lambda: say(api, body, secret=new_secret()),
        "old": lambda: say(api, body, at=now - timedelta(minutes=6)),
        "ahead": lambda: say(api, body, at=now + timedelta(minutes=6)),
        "unsigned": lambda: api.post(DOOR, body),
        "no secret here": lambda: say(api, body),
    }
    check_problem(answers[spoilt](), 401, "signature_invalid")
    assert (status_of(order), Payment.objects.count()) == ("pending", 0)


def test_a_sign_in_pays_nothing(alice_api: APIClient, staff_api: APIClient, order: Order) -> None:
    for client in (alice_api, staff_api):
        check_problem(client.post(DOOR, message(order)), 401, "signature_invalid")
    assert status_of(order) == "pending"


def test_a_signed_message_that_cannot_be_read_says_where(api: APIClient, order: Order) -> None:
    assert field_codes(say(api, {"type": "order.paid", "data": {}})) == {
        ("data.order", "required"),
        ("data.amount", "required"),
        ("data.currency", "required"),
    }
    assert field_codes(say(api, message(order, amount="1.001"))) == {("data.amount", "max_decimal_places")}
    assert field_codes(say(api, ["order.paid"])) == {("", "invalid")}
    # What the sender adds, and what it tells of other things, is no fault.
    assert say(api, {**message(order), "more": {"x": 1}}).status_code == 200
    assert say(api, {"type": "customer.created", "data": {}}, identity="msg_9").status_code == 204


def test_an_order_that_never_was_is_not_found_and_nothing_is_kept(api: APIClient, order: Order) -> None:
    order.pk = uuid7()
    check_problem(say(api, message(order)), 404, "not_found")
    assert not Payment.objects.exists()


@pytest.mark.parametrize("changed", [{"amount": "19.99"}, {"amount": "20.01"}, {"currency": "USD"}, {"amount": "0"}])
def test_another_amount_pays_nothing_and_staff_see_it(api: APIClient, order: Order, changed: dict[str, str]) -> None:
    for _ in range(2):
        check_problem(say(api, message(order, **changed)), 409, "amount_differs")
    assert (status_of(order), Payment.objects.get().refusal) == ("pending", "amount_differs")
    assert AuditEntry.objects.get(action="order.payment_refused").detail == {"why": "amount_differs"}
    # The right amount may still come.
    assert say(api, message(order), identity="msg_2").status_code == 200


def test_money_that_comes_too_late_or_twice_is_told(api: APIClient, alice: Any, order: Order) -> None:
    assert say(api, message(order)).status_code == 200
    check_problem(say(api, message(order, reference="pi_2"), identity="msg_2"), 409, "already_paid")
    services.cancel_order(alice, order.pk)
    check_problem(say(api, message(order, reference="pi_3"), identity="msg_3"), 409, "order_cancelled")
    assert say(api, message(order)).json()["status"] == "cancelled"
    assert Order.objects.get(pk=order.pk).is_refund_due


def test_a_message_is_about_one_order(api: APIClient, bob: Any, order: Order, buy: Buy) -> None:
    second = buy(bob)
    assert say(api, message(order)).status_code == 200
    check_problem(say(api, message(second)), 409, "message_reused")
    assert status_of(second) == "pending"


def test_what_is_not_paid_in_time_is_cancelled_and_its_copies_are_back(
    api: APIClient, alice: Any, bob: Any, book: Book, buy: Buy, settings: Any
) -> None:
    settings.ORDER_PAYMENT_MINUTES = 30
    late, paid = buy(alice, 2), buy(bob, 1)
    assert timedelta(minutes=29) < late.pay_until - timezone.now() <= timedelta(minutes=30)
    say(api, message(paid))
    assert services.expire_unpaid() == 0
    Order.objects.update(pay_until=timezone.now() - timedelta(seconds=1))
    assert [services.expire_unpaid(), services.expire_unpaid()] == [1, 0]
    found = Order.objects.get(pk=late.pk)
    assert (found.status, found.cancelled_because, status_of(paid)) == ("cancelled", "unpaid", "paid")
    assert Book.objects.get(pk=book.pk).stock == 4
    check_problem(say(api, message(late), identity="msg_2"), 409, "order_cancelled")
