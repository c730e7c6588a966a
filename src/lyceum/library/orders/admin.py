"""Orders behind the scenes: looked at, and changed by their steps alone, on the pages of the library."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from lyceum.core.staff_admin import LookOnly, StaffRows
from lyceum.library.orders.models import Order, OrderItem, Payment


class OrderItemRow(StaffRows):
    model = OrderItem
    fields = readonly_fields = ("title", "isbn", "price", "quantity")


class PaymentRow(StaffRows):
    model = Payment
    fields = readonly_fields = ("received_at", "amount", "currency", "reference", "refusal")


@admin.register(Order)
class OrderAdmin(LookOnly):
    list_display = ("id", "status", "total_amount", "currency", "buyer", "created_at", "paid_at")
    list_select_related = ("buyer",)
    list_filter = ("status", "created_at", "cancelled_because")
    search_fields = ("id__exact", "buyer__email_key__startswith", "payments__reference__exact")
    search_help_text = _("An order's id, the beginning of its buyer's address, or the reference of a payment.")
    # Ids rise with time.
    ordering = ("-id",)
    inlines = (OrderItemRow, PaymentRow)
    fields = (
        "id",
        "buyer",
        "status",
        "total_amount",
        "currency",
        "created_at",
        "pay_until",
        "paid_at",
        "shipped_at",
        "delivered_at",
        "cancelled_at",
        "cancelled_because",
    )


@admin.register(Payment)
class PaymentAdmin(LookOnly):
    list_display = ("received_at", "order", "amount", "currency", "reference", "refusal")
    list_filter = ("refusal", "received_at")
    search_fields = ("reference__exact", "message_id__exact", "order__id__exact")
    search_help_text = _("A payment's reference or message, or its order's id, each of them whole.")
    ordering = ("-received_at",)
    fields = ("received_at", "order", "amount", "currency", "reference", "message_id", "refusal")
