"""Carts and orders in a person's data.

What accounts must keep of an order stays, without the person; one that is not paid yet comes to nothing.
"""

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from lyceum.core.archives import Archive
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.library.orders import services
from lyceum.library.orders.models import CartItem, Order

AT_ONCE = 500
MOMENTS = ("created_at", "paid_at", "shipped_at", "delivered_at", "cancelled_at")


def export(subject: Subject, archive: Archive) -> None:
    archive.write_list(
        "cart",
        CartItem.objects.filter(user=subject.id)
        .order_by("pk")
        .values("book_id", "book__title", "quantity", "price", "currency", "created_at"),
        title="Cart",
        about="Books that you meant to order, with the price that you were shown.",
    )
    archive.write_list(
        "orders",
        _orders(subject),
        title="Orders",
        about="What you ordered, what it cost, and how far it came.",
    )


def _orders(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = Order.objects.filter(buyer=subject.id).prefetch_related("items", "payments").order_by("created_at", "pk")
    for order in rows.iterator(AT_ONCE):
        yield {
            "id": order.pk,
            "status": order.status,
            "total_amount": order.total_amount,
            "currency": order.currency,
            **{name: getattr(order, name) for name in MOMENTS},
            "items": [
                {"book": one.book_id, "title": one.title, "price": one.price, "quantity": one.quantity}
                for one in order.items.all()
            ],
            "payments": [
                {"reference": one.reference, "amount": one.amount, "received_at": one.received_at}
                for one in order.payments.all()
            ],
        }


@transaction.atomic
def erase(subject: Subject) -> None:
    CartItem.objects.filter(user=subject.id).delete()
    own = Order.objects.filter(buyer=subject.id).order_by("pk")
    for order in own.filter(status=Order.Status.PENDING).select_for_update():
        services.cancel_locked(order, Order.Reason.ERASED)
    own.update(buyer=None, key=None)


declare(Holder("orders", ["library.CartItem", "library.Order"], export, erase))
