from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import Body, StrictInteger, StrictText, StrictUUID
from lyceum.library.api.serializers import BookView, Numbered
from lyceum.library.orders.models import MOST_COPIES, Order
from lyceum.library.orders.quotes import NOTICES


class Money(serializers.DecimalField):
    """An amount as a decimal string, exact to the hundredth."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, **options)


class CartItemBody(Body):
    example = {"book": "01a20a8c-3f00-7000-8000-000000000000", "quantity": 2}
    book = StrictUUID()
    quantity = StrictInteger(min_value=1, max_value=MOST_COPIES, default=1)


class CartItemPatch(Body):
    example = {"quantity": 3}
    quantity = StrictInteger(min_value=1, max_value=MOST_COPIES)


class OrderBody(Body):
    example = {"quote": "9f2c1d0b7a6e4f3895c1d2e3f4a5b6c7"}
    quote = StrictText(
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="The `quote` of the cart as it was shown: an order comes of exactly that. Without it the prices "
        "count beside which the books were put into the cart.",
    )


class CartItemView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    book = serializers.UUIDField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    price = Money(help_text="What was shown when it was put here or changed last.")
    currency = serializers.CharField()
    current_price = Money(allow_null=True, help_text="What one copy costs now; null for what is not sold any more.")
    current_currency = serializers.CharField()
    amount = Money(allow_null=True, help_text="All copies at the current price.")
    notice = serializers.ChoiceField(
        NOTICES, allow_null=True, help_text="What one has to know before ordering; all but a changed price hinder it."
    )


class CartView(serializers.Serializer[Any]):
    items = CartItemView(many=True)
    count = serializers.IntegerField(help_text="How many copies.")
    total_amount = Money(allow_null=True, help_text="At the current prices; null where these are in two currencies.")
    currency = serializers.CharField(allow_null=True)
    can_be_ordered = serializers.BooleanField()
    quote = serializers.CharField(help_text="Names exactly what is shown here, for the order.")


class OrderItemView(serializers.Serializer[Any]):
    book = serializers.UUIDField(allow_null=True, help_text="Null where the book is no longer in the catalogue.")
    title = serializers.CharField()
    price = Money()
    quantity = serializers.IntegerField()


class OrderView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Order.Status.values)
    total_amount = Money()
    currency = serializers.CharField()
    items = OrderItemView(many=True)
    created_at = serializers.DateTimeField()
    buyer = serializers.UUIDField(allow_null=True, help_text="Null where the account is gone.")
    pay_until = serializers.DateTimeField(help_text="When it is cancelled unless it is paid.")
    paid_at = serializers.DateTimeField(allow_null=True)
    shipped_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancelled_because = serializers.ChoiceField(Order.Reason.values, allow_null=True)


class OrderPage(serializers.Serializer[Any]):
    results = OrderView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class PaymentData(serializers.Serializer[Any]):
    order = serializers.UUIDField()
    amount = Money(min_value=0)
    currency = serializers.RegexField("^[A-Z]{3}$")
    reference = StrictText(max_length=200, required=False, allow_blank=True, default="")


class PaymentMessage(serializers.Serializer[Any]):
    """What came to pass, as Standard Webhooks writes it; other fields are left alone, as a sender may add some."""

    type = serializers.CharField(help_text="`order.paid`; others are taken and mean nothing here.")
    data = PaymentData()  # type: ignore[assignment]


class PaymentView(serializers.Serializer[Any]):
    order = serializers.UUIDField()
    status = serializers.ChoiceField(Order.Status.values)


class BestsellerView(BookView):
    copies_ordered = serializers.IntegerField(help_text="In the last thirty days; of orders that were not cancelled.")


class BestsellerPage(Numbered):
    results = BestsellerView(many=True)
