"""What the query of a request says of books."""

import re
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from lyceum.core.api import number
from lyceum.core.errors import FieldError, Invalid
from lyceum.core.openapi import whole
from lyceum.library.fields import EARLIEST_YEAR, LATEST_YEAR
from lyceum.library.filters import NEWEST, ORDERS, Filters
from lyceum.library.models import Book

MOST_VALUES, LONGEST = 20, 200
TEXTS = ("category", "author", "publisher", "language")
YEAR = {"low": EARLIEST_YEAR, "high": LATEST_YEAR}


def several(name: str, what: str, **schema: Any) -> OpenApiParameter:
    items = {"type": "array", "items": {"type": "string", **schema}, "maxItems": MOST_VALUES}
    return OpenApiParameter(name, items, description=what, explode=True)


def money(name: str, what: str) -> OpenApiParameter:
    """Document an amount; nothing, as an empty control of a form sends it, bounds nothing."""
    return OpenApiParameter(name, {"type": "string", "pattern": r"^([0-9]{1,8}(\.[0-9]{1,2})?)?$"}, description=what)


def ranked(name: str) -> OpenApiParameter:
    words = [word for order in ORDERS for word in (order, f"-{order}")]
    return OpenApiParameter(name, str, enum=words, description="Downwards with a `-`; the newest first by default.")


FILTERS = [
    several("category", "Id or name of a category; what is below it counts too."),
    several("author", "Id or full name of an author."),
    several("publisher", "Id or name of a publisher."),
    several("language", "Code of a language."),
    several("status", "Status of the book.", enum=Book.Status.values),
    money("price_min", "The lowest price."),
    money("price_max", "The highest price."),
    whole("year_min", default=None, low=EARLIEST_YEAR, high=LATEST_YEAR),
    whole("year_max", default=None, low=EARLIEST_YEAR, high=LATEST_YEAR),
]
BROWSING = [*FILTERS, ranked("order")]


def filters(request: Request, **more: Any) -> Filters:
    """Read the filters of a list of books, and `more` by readers; raises Invalid with every fault in them."""
    return collected(
        **{name: lambda name=name: texts(request, name) for name in TEXTS},
        status=lambda: texts(request, "status", choices=Book.Status.values),
        price_min=lambda: decimal(request, "price_min"),
        price_max=lambda: decimal(request, "price_max"),
        year_min=lambda: number(request, "year_min", default=None, **YEAR),
        year_max=lambda: number(request, "year_max", default=None, **YEAR),
        **more,
    )


def collected(**readers: Any) -> Filters:
    """Make filters of what each reader finds; all faults are told at once."""
    found, errors = {}, list[FieldError]()
    for name, read in readers.items():
        try:
            found[name] = read()
        except Invalid as err:
            errors += err.errors
    if errors:
        raise Invalid(errors=errors)
    return Filters(**found)


def order(request: Request) -> str:
    """Read what a list is to be ordered by."""
    text = request.query_params.get("order", NEWEST)
    if text.removeprefix("-") not in ORDERS:
        raise Invalid.field("order", "invalid", f"Choose one of: {', '.join(ORDERS)}, or the same with a - before it.")
    return text


def texts(request: Request, name: str, choices: Any = None) -> tuple[str, ...]:
    """Read all values of a name; an empty one counts as not given."""
    found = tuple(text.strip() for text in request.query_params.getlist(name) if text.strip())
    if len(found) > MOST_VALUES:
        raise Invalid.field(name, "too_large", f"Use {MOST_VALUES} values or fewer.")
    if any(len(text) > LONGEST or "\x00" in text for text in found):
        raise Invalid.field(name, "invalid", f"Use {LONGEST} characters or fewer.")
    if choices is not None and not set(found) <= set(choices):
        raise Invalid.field(name, "invalid", f"Choose one of: {', '.join(choices)}.")
    return found


def decimal(request: Request, name: str) -> Decimal | None:
    text = request.query_params.get(name, "")
    if text and not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,2})?", text):
        raise Invalid.field(name, "invalid", "Use a decimal number such as 12.50.")
    return Decimal(text) if text else None
