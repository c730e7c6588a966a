"""Payments: what the one who takes them says by signed messages, each taken once however often it comes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from lyceum.core import audit
from lyceum.core.errors import NotFound
from lyceum.library.orders import services
from lyceum.library.orders.errors import PaymentRefused, SignatureInvalid
from lyceum.library.orders.models import Order, Payment
from lyceum.notifications.public import NotSigned, verify_signature

log = structlog.get_logger("lyceum.orders")
Refusal = Payment.Refusal


@dataclass(frozen=True)
class Notice:
    """What a message says: this order was paid with so much, which the payer's bank or provider calls `reference`."""

    message_id: str
    order_id: UUID
    amount: Decimal
    currency: str
    reference: str = ""


def check_signature(headers: Mapping[str, str], body: bytes) -> str:
    """Return the id of a message that is signed with one of our secrets; raises SignatureInvalid."""
    try:
        return verify_signature(settings.PAYMENT_WEBHOOK_SECRETS, headers, body, now=time.time())
    except NotSigned as err:
        raise SignatureInvalid from err


def receive(notice: Notice) -> Payment:
    """Take a payment, or note why not, once for each message; a repeat gets the answer of the first time.

    Raises NotFound for an order that never was, and PaymentRefused, with the refusal as its code, for money that does
    not fit: staff see it at the order.
    """
    payment = _note(notice)
    if payment.refusal:
        raise PaymentRefused(f"It was not taken: {payment.get_refusal_display()}.", code=payment.refusal)
    return payment


@transaction.atomic
def _note(notice: Notice) -> Payment:
    order = Order.objects.select_for_update().filter(pk=notice.order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    if (known := _known(order, notice)) is not None:
        return known
    fields = {"amount": notice.amount, "currency": notice.currency, "reference": notice.reference}
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                order=order, message_id=notice.message_id, refusal=_refusal(order, notice), **fields
            )
    except IntegrityError as err:
        raise PaymentRefused("This message was about another order.", code="message_reused") from err
    _carry_out(order, payment)
    return payment


def _known(order: Order, notice: Notice) -> Payment | None:
    """Return what was noted of the same message, or of the same payment told in another one."""
    rows = Payment.objects.filter(order=order)
    found = rows.filter(message_id=notice.message_id).first()
    if found is None and notice.reference:
        found = rows.filter(
            reference=notice.reference, amount=notice.amount, currency=notice.currency, refusal=""
        ).first()
    return found


def _refusal(order: Order, notice: Notice) -> str:
    if order.status == Order.Status.CANCELLED:
        return Refusal.ORDER_CANCELLED
    if order.status != Order.Status.PENDING:
        return Refusal.ALREADY_PAID
    is_right = (notice.amount, notice.currency) == (order.total_amount, order.currency)
    return "" if is_right else Refusal.AMOUNT_DIFFERS


def _carry_out(order: Order, payment: Payment) -> None:
    if payment.refusal:
        audit.record(None, "order.payment_refused", order.pk, why=payment.refusal)
        log.warning("payment_refused", order=str(order.pk), why=payment.refusal)
        return
    services.pay_locked(order)
