from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lyceum.core.ids import uuid7

PERSON = settings.AUTH_USER_MODEL
MOST_COPIES = 100
Moment: TypeAlias = "models.DateTimeField[datetime, datetime]"
MaybeMoment: TypeAlias = "models.DateTimeField[datetime | None, datetime | None]"


def _price() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=10, decimal_places=2)


def _amount() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=14, decimal_places=2)


class CartItem(models.Model):
    """Copies of a book that a person means to order, with the price that they were last shown for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="cart_items", db_index=False)
    book = models.ForeignKey("library.Book", on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField()
    price = _price()
    currency = models.CharField(max_length=3)
    created_at: Moment = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "book"], name="cart_item_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=MOST_COPIES), name="cart_item_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.book_id}"


class Order(models.Model):
    """What a person bought. It keeps what accounts need, and loses the person when they are erased."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting to be paid")
        PAID = "paid", _("paid")
        SHIPPED = "shipped", _("on its way")
        DELIVERED = "delivered", _("delivered")
        CANCELLED = "cancelled", _("cancelled")

    class Reason(models.TextChoices):
        """Why an order was cancelled."""

        ASKED = "asked", _("by the buyer")
        STAFF = "staff", _("by staff")
        UNPAID = "unpaid", _("not paid in time")
        ERASED = "erased", _("the account was deleted")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    buyer = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="orders", db_index=False)
    # The Idempotency-Key under which it was placed: however late a repeat comes, it makes no second one.
    key = models.CharField(max_length=255, null=True)  # noqa: DJ001  # null stands out of the unique rule
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    total_amount = _amount()
    currency = models.CharField(max_length=3)
    created_at: Moment = models.DateTimeField(default=timezone.now)
    pay_until: Moment = models.DateTimeField()
    paid_at: MaybeMoment = models.DateTimeField(null=True)
    shipped_at: MaybeMoment = models.DateTimeField(null=True)
    delivered_at: MaybeMoment = models.DateTimeField(null=True)
    cancelled_at: MaybeMoment = models.DateTimeField(null=True)
    cancelled_because = models.CharField(max_length=6, choices=Reason, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["buyer", "key"], name="order_once"),
            models.CheckConstraint(condition=Q(total_amount__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | (~Q(status="cancelled") & Q(cancelled_at=None)),
                name="order_cancelled_when",
            ),
        ]
        indexes = [
            models.Index(fields=["buyer", "created_at", "id"], name="order_of_buyer"),
            models.Index(fields=["created_at", "id"], name="order_newest"),
            models.Index(fields=["status", "created_at", "id"], name="order_by_status"),
            models.Index(fields=["pay_until"], condition=Q(status="pending"), name="order_unpaid"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_cancellable(self) -> bool:
        return self.status in (self.Status.PENDING, self.Status.PAID)

    @property
    def is_refund_due(self) -> bool:
        """Whether it was paid before it was cancelled."""
        return self.status == self.Status.CANCELLED and self.paid_at is not None


class OrderItem(models.Model):
    """Copies of one book in an order, as it was called and at what it cost then."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items", db_index=False)
    place = models.PositiveSmallIntegerField()
    book = models.ForeignKey("library.Book", null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=500)
    isbn = models.CharField(max_length=13, default="", blank=True)
    price = _price()
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["order", "place"], name="order_item_place"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_item_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def amount(self) -> Decimal:
        return self.price * self.quantity


class Payment(models.Model):
    """What the one who takes payments said of an order, once for each of its messages, and why it was not taken."""

    class Refusal(models.TextChoices):
        AMOUNT_DIFFERS = "amount_differs", _("another amount than the order's")
        ORDER_CANCELLED = "order_cancelled", _("the order was cancelled before")
        ALREADY_PAID = "already_paid", _("the order was paid before")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments")
    message_id = models.CharField(max_length=255, unique=True)
    reference = models.CharField(max_length=200, default="", blank=True)
    amount = _amount()
    currency = models.CharField(max_length=3)
    refusal = models.CharField(max_length=20, choices=Refusal, default="", blank=True)
    received_at: Moment = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.message_id


class DaySales(models.Model):
    """How many copies of a book were ordered on a day, for the days that bestsellers are made of."""

    book = models.ForeignKey("library.Book", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    copies = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "day"], name="day_sales_once")]
        indexes = [models.Index(fields=["day"], name="day_sales_day")]

    def __str__(self) -> str:
        return f"{self.copies} of {self.book_id} on {self.day}"


class Sales(models.Model):
    """The days of a book added up: the copies that were ordered in the last thirty."""

    book = models.OneToOneField("library.Book", primary_key=True, on_delete=models.CASCADE, related_name="sales")
    copies = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(F("copies").desc(), "book", name="sales_most")]

    def __str__(self) -> str:
        return f"{self.copies} of {self.book_id}"
