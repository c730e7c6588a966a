"""Carts and orders as pages show them."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from lyceum.library.models import Book
from lyceum.library.orders import carts

register = template.Library()
SYMBOLS = {"EUR": "€", "USD": "US$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "GBP": "£", "CHF": "CHF ", "JPY": "¥"}


@register.filter
def money(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount as people write it."""
    if amount is None or currency is None:
        return ""
    return f"{SYMBOLS.get(currency, f'{currency} ')}{number_format(amount, 2)}" if amount else _("Free")


@register.simple_tag(takes_context=True)
def copies_in_cart(context: Any, book: Book) -> int:
    """Say how many copies of a book who looks has in their cart."""
    person = context["request"].user
    return carts.copies_of(person, book.pk) if person.is_authenticated else 0
