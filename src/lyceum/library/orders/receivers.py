"""What webhooks hear of orders: which, whose and of what, by ids."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from lyceum.core.events import on
from lyceum.library.contracts import (
    OrderCancelled,
    OrderDelivered,
    OrderLine,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
)
from lyceum.notifications.public import announce, declare_event, fact_of

declare_event("order.placed", _("somebody ordered books"))
declare_event("order.paid", _("an order was paid"))
declare_event("order.shipped", _("an order is on its way"))
declare_event("order.delivered", _("an order has arrived"))
declare_event("order.cancelled", _("an order was cancelled, or not paid in time"))


def tell(name: str, event: Any, **more: Any) -> None:
    announce(name, [fact_of(event.event_id, {"order": event.order_id, "user": event.user_id, **more})])


def items_data(items: list[OrderLine]) -> list[dict[str, Any]]:
    return [{"book": line.book_id, "quantity": line.quantity} for line in items]


@on(OrderPlaced)
def tell_placed(event: OrderPlaced) -> None:
    tell("order.placed", event, items=items_data(event.items))


@on(OrderPaid)
def tell_paid(event: OrderPaid) -> None:
    tell("order.paid", event)


@on(OrderShipped)
def tell_shipped(event: OrderShipped) -> None:
    tell("order.shipped", event)


@on(OrderDelivered)
def tell_delivered(event: OrderDelivered) -> None:
    tell("order.delivered", event)


@on(OrderCancelled)
def tell_cancelled(event: OrderCancelled) -> None:
    tell("order.cancelled", event, items=items_data(event.items), because=event.because)
