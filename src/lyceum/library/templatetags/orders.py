"""Carts and orders as pages show them."""

from typing import Any

from django import template

from lyceum.library.models import Book
from lyceum.library.orders import carts

register = template.Library()


@register.simple_tag(takes_context=True)
def copies_in_cart(context: Any, book: Book) -> int:
    """Say how many copies of a book who looks has in their cart."""
    person = context["request"].user
    return carts.copies_of(person, book.pk) if person.is_authenticated else 0
