"""Reads orders: a person sees their own, staff see all."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from lyceum.core.errors import Invalid, NotFound
from lyceum.library.orders.models import Order


def own_orders(person: Any) -> QuerySet[Order]:
    return Order.objects.filter(buyer=person.pk)


def visible_orders(person: Any) -> QuerySet[Order]:
    return Order.objects.all() if person.is_staff else own_orders(person)


def orders_in(rows: QuerySet[Order], status: str | None) -> QuerySet[Order]:
    """Keep those in one state, or all; raises Invalid for a state that is none."""
    if status is None:
        return rows
    if status not in Order.Status.values:
        raise Invalid.field("status", "invalid", f"Choose one of: {', '.join(Order.Status.values)}.")
    return rows.filter(status=status)


def page_after(rows: QuerySet[Order], after: str | None, limit: int) -> QuerySet[Order]:
    """Return so many of some orders after one of them, or from the newest: their ids rise with time."""
    with suppress(ValueError):
        rows = rows.filter(pk__lt=UUID(after)) if after else rows
    return whole(rows).select_related("buyer").order_by("-pk")[:limit]


def whole(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Let orders come with all that is shown of them, in two queries."""
    return rows.prefetch_related("items")


def get_order_for(person: Any, order_id: UUID) -> Order:
    """Return an order that a person may see, with its items; raises NotFound."""
    found = whole(visible_orders(person)).select_related("buyer").filter(pk=order_id).first()
    if found is None:
        raise NotFound("There is no such order.")
    return found


def lock_order_for(person: Any, order_id: UUID) -> Order:
    """Return an order that a person may see and hold it until the transaction ends; raises NotFound."""
    found = whole(visible_orders(person)).select_for_update(of=("self",)).filter(pk=order_id).first()
    if found is None:
        raise NotFound("There is no such order.")
    return found
