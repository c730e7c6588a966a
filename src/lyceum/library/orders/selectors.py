"""Reads orders: a person sees their own, staff see all."""

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


def whole(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Let orders come with all that is shown of them, in two queries."""
    return rows.prefetch_related("items")


def get_order_for(person: Any, order_id: UUID) -> Order:
    """Return an order that a person may see, with its items; raises NotFound."""
    found = whole(visible_orders(person)).filter(pk=order_id).first()
    if found is None:
        raise NotFound("There is no such order.")
    return found


def lock_order_for(person: Any, order_id: UUID) -> Order:
    """Return an order that a person may see and hold it until the transaction ends; raises NotFound."""
    found = whole(visible_orders(person)).select_for_update(of=("self",)).filter(pk=order_id).first()
    if found is None:
        raise NotFound("There is no such order.")
    return found
