"""Orders: placed from a cart, cancelled, and brought from one state to the next."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.core import audit
from lyceum.core.errors import FieldError
from lyceum.core.events import publish
from lyceum.library.contracts import OrderCancelled, OrderDelivered, OrderLine, OrderPaid, OrderPlaced, OrderShipped
from lyceum.library.models import Book
from lyceum.library.orders import carts, sales, selectors, stock
from lyceum.library.orders.errors import (
    CartChanged,
    CartEmpty,
    MixedCurrencies,
    NotForSale,
    PriceChanged,
    SoldOut,
    WrongStatus,
)
from lyceum.library.orders.models import CartItem, Order, OrderItem
from lyceum.library.orders.quotes import Line, Quote

log = structlog.get_logger("lyceum.orders")
Status, Reason = Order.Status, Order.Reason
# What staff do next: from which state, the column that keeps when, and what is told.
STEPS = {
    Status.SHIPPED: (Status.PAID, "shipped_at", OrderShipped),
    Status.DELIVERED: (Status.SHIPPED, "delivered_at", OrderDelivered),
}
EXPIRED_AT_ONCE = 200


@transaction.atomic
def place_order(person: Any, *, key: str, quote: str = "") -> Order:
    """Order what is in a person's cart at the prices that they were shown, and empty the cart; once for each key.

    `quote` is the mark of the cart as it was shown; without it the prices beside which the books were put there count.
    What costs nothing is paid by that.
    Raises CartEmpty, NotForSale, SoldOut, MixedCurrencies, PriceChanged or CartChanged.
    """
    items = list(carts.items_of(person).select_for_update())
    known = selectors.own_orders(person).filter(key=key).first()
    if known is not None:
        return known
    if not items:
        raise CartEmpty
    books = stock.lock(item.book_id for item in items)
    cart = Quote([carts.line_of(item, books[item.book_id]) for item in items])
    check_can_be_ordered(cart, quote)
    stock.take(books, {line.book_id: line.quantity for line in cart.lines})
    order = _create(person, key, cart, books)
    CartItem.objects.filter(pk__in=[item.pk for item in items]).delete()
    sales.count(_copies(order), order.created_at.date())
    publish(OrderPlaced(order_id=str(order.pk), user_id=str(person.pk), items=_lines(order)))
    log.info("order_placed", order=str(order.pk), books=len(items))
    if not order.total_amount:
        pay_locked(order)
    return order


def check_can_be_ordered(cart: Quote, quote: str) -> None:
    """Raise what stands in the way of an order, for every line at once, with what it is now."""
    faults = [(line, line.notice) for line in cart.lines]
    _refuse(NotForSale, [line for line, notice in faults if notice == "not_for_sale"], "{line.title} is not sold now.")
    if short := [line for line, notice in faults if notice in ("sold_out", "not_enough_stock")]:
        _refuse(SoldOut, short, "Of {line.title} there are {line.stock} in stock.")
    if cart.is_mixed:
        raise MixedCurrencies
    if quote and quote != cart.mark:
        raise CartChanged(errors=list(_changes(cart)))
    if not quote and (changes := list(_changes(cart))):
        raise PriceChanged(errors=changes)


def _refuse(error: type[NotForSale | SoldOut], lines: Iterable[Line], words: str) -> None:
    found = [FieldError(f"items.{line.id}", error.code, words.format(line=line)) for line in lines]
    if found:
        raise error(" ".join(one.detail for one in found), errors=found)


def _changes(cart: Quote) -> Iterable[FieldError]:
    for line in cart.lines:
        if line.has_new_price:
            now, then = f"{line.price} {line.currency}", f"{line.shown} {line.shown_currency}"
            yield FieldError(f"items.{line.id}.price", PriceChanged.code, f"{line.title} costs {now} now, not {then}.")


def _create(person: Any, key: str, cart: Quote, books: Mapping[UUID, Book]) -> Order:
    now = timezone.now()
    total, currency = cart.total_amount, cart.currency
    assert total is not None and currency is not None
    until = now + timedelta(minutes=settings.ORDER_PAYMENT_MINUTES)
    fields = {"total_amount": total, "currency": currency, "created_at": now, "pay_until": until}
    order = Order.objects.create(buyer_id=person.pk, key=key, **fields)
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order,
            place=place,
            book_id=line.book_id,
            title=line.title,
            isbn=books[line.book_id].isbn or "",
            price=line.price or Decimal(0),
            quantity=line.quantity,
        )
        for place, line in enumerate(cart.lines, start=1)
    )
    return order


def _copies(order: Order) -> dict[UUID, int]:
    """Return how many copies of which books that still are there."""
    return {item.book_id: item.quantity for item in order.items.all() if item.book_id is not None}


def _lines(order: Order) -> list[OrderLine]:
    return [OrderLine(book_id=str(book_id), quantity=copies) for book_id, copies in _copies(order).items()]


@transaction.atomic
def cancel_order(person: Any, order_id: UUID) -> Order:
    """Cancel an order that is not on its way, and put its copies back; once, however often it is said.

    Raises NotFound or WrongStatus.
    """
    order = selectors.lock_order_for(person, order_id)
    if order.status == Status.CANCELLED:
        return order
    if not order.is_cancellable:
        raise WrongStatus(f"The order is {order.get_status_display()}: it can no longer be cancelled.")
    is_own = order.buyer_id == person.pk
    cancel_locked(order, Reason.ASKED if is_own else Reason.STAFF)
    if not is_own:
        audit.record(person, "order.cancelled", order.pk)
    return order


def cancel_locked(order: Order, reason: str) -> None:
    """Cancel an order that the caller holds and has checked."""
    _step(order, Status.CANCELLED, "cancelled_at", cancelled_because=reason)
    copies = _copies(order)
    books = stock.lock(copies)
    stock.give_back(books, copies)
    sales.uncount(copies, order.created_at.date())
    publish(OrderCancelled(order_id=str(order.pk), user_id=_buyer_of(order), items=_lines(order), because=reason))
    log.info("order_cancelled", order=str(order.pk), because=reason)


def _buyer_of(order: Order) -> str | None:
    return None if order.buyer_id is None else str(order.buyer_id)


def _step(order: Order, status: str, moment: str, **more: Any) -> None:
    order.status, order.version = status, order.version + 1
    changes = {moment: timezone.now(), **more}
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=["status", "version", *changes])


def ship_order(person: Any, order_id: UUID) -> Order:
    """Note that a paid order is on its way; staff alone may. Raises NotFound or WrongStatus."""
    return _advance(person, order_id, Status.SHIPPED)


def deliver_order(person: Any, order_id: UUID) -> Order:
    """Note that an order has arrived; staff alone may. Raises NotFound or WrongStatus."""
    return _advance(person, order_id, Status.DELIVERED)


@transaction.atomic
def _advance(person: Any, order_id: UUID, to: Order.Status) -> Order:
    before, moment, event = STEPS[to]
    order = selectors.lock_order_for(person, order_id)
    if order.status == to:
        return order
    if order.status != before:
        raise WrongStatus(f"The order is {order.get_status_display()}. First it has to be {before.label}.")
    _step(order, to, moment)
    audit.record(person, f"order.{to.value}", order.pk)
    publish(event(order_id=str(order.pk), user_id=_buyer_of(order)))
    return order


def pay_locked(order: Order) -> None:
    """Note that an order which the caller holds and has checked is paid."""
    _step(order, Status.PAID, "paid_at")
    audit.record(None, "order.paid", order.pk)
    publish(OrderPaid(order_id=str(order.pk), user_id=_buyer_of(order)))
    log.info("order_paid", order=str(order.pk))


def expire_unpaid() -> int:
    """Cancel orders that were not paid in time, each by itself; returns how many. One that somebody holds waits."""
    due = Order.objects.filter(status=Status.PENDING, pay_until__lte=timezone.now()).order_by("pay_until")
    return sum(map(_expire, list(due.values_list("pk", flat=True)[:EXPIRED_AT_ONCE])))


@transaction.atomic
def _expire(order_id: UUID) -> bool:
    rows = Order.objects.select_for_update(skip_locked=True).filter(pk=order_id, status=Status.PENDING)
    order = rows.filter(pay_until__lte=timezone.now()).first()
    if order is not None:
        cancel_locked(order, Reason.UNPAID)
    return order is not None
