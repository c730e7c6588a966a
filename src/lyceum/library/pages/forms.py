"""The form in which staff write a book: its fields, and how what is typed into them is read."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lyceum.core.forms import Field
from lyceum.library import fields
from lyceum.library.api.serializers import LONGEST_TEXT, MOST_STOCK
from lyceum.library.models import Book

STATUSES = {
    Book.Status.AVAILABLE: _("In the catalogue"),
    Book.Status.FORTHCOMING: _("Not out yet"),
    Book.Status.OUT_OF_PRINT: _("Out of print"),
    Book.Status.DRAFT: _("Draft, seen by staff alone"),
    Book.Status.WITHDRAWN: _("Withdrawn, seen by staff alone"),
}
COVER = Field(
    "file", _("Picture"), "file", hint=_("PNG, JPEG, WebP or GIF, 5 MB at most. Without one a cover is drawn.")
)


FIELDS: Sequence[Field] = [
    Field("title", _("Title"), missing=_("Enter the title")),
    Field("subtitle", _("Subtitle")),
    Field("authors", _("Authors"), "lines", hint=_("One a line, as on the cover: Ursula K. Le Guin")),
    Field("description", _("Description"), "prose", hint=_("Two or three sentences; search finds its words.")),
    Field("categories", _("Categories"), "picks"),
    Field("publisher", _("Publisher")),
    Field("publication_year", _("Year"), hint=_("Of this edition; before our era with a minus.")),
    Field("pages", _("Pages")),
    Field("language", _("Language"), hint=_("A code such as en or de.")),
    Field("isbn", _("ISBN"), hint=_("Ten or thirteen digits.")),
    Field("price", _("Price"), hint=_("Empty for what is not for sale.")),
    Field("currency", _("Currency")),
    Field("stock", _("In stock"), missing=_("Enter a number, 0 for none")),
    Field("status", _("State"), "select", choices=[(value.value, words) for value, words in STATUSES.items()]),
]


class EmptyIsNone(serializers.Field[Any, Any, Any, Any]):
    """What an empty control says."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return None if data == "" else super().run_validation(data)


class Whole(EmptyIsNone, serializers.IntegerField):
    pass


class Isbn(EmptyIsNone, fields.Isbn):
    pass


class Price(EmptyIsNone, fields.Price):
    pass


class BookForm(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=500)
    subtitle = serializers.CharField(max_length=500, allow_blank=True)
    authors = serializers.ListField(child=serializers.CharField(max_length=300), max_length=50, default=list)
    description = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    categories = serializers.ListField(child=serializers.UUIDField(), max_length=50, default=list)
    publisher = serializers.CharField(max_length=200, allow_blank=True)
    publication_year = Whole(min_value=fields.EARLIEST_YEAR, max_value=fields.LATEST_YEAR)
    pages = Whole(min_value=1, max_value=100_000)
    language = fields.Language(max_length=10, allow_blank=True)
    isbn = Isbn(max_length=20)
    price = Price()
    currency = fields.Currency()
    stock = serializers.IntegerField(min_value=0, max_value=MOST_STOCK)
    status = serializers.ChoiceField(choices=Book.Status.values)


def values_of(book: Book) -> dict[str, Any]:
    """Return what stands in the controls for a book as it is."""
    return {
        "title": book.title,
        "subtitle": book.subtitle,
        "authors": [link.author.full_name for link in book.authorships.all()],
        "description": book.description,
        "categories": sorted(str(one.pk) for one in book.categories.all()),
        "publisher": book.publisher.name if book.publisher else "",
        "publication_year": _text(book.publication_year),
        "pages": _text(book.pages),
        "language": book.language,
        "isbn": book.isbn or "",
        "price": _text(book.price),
        "currency": book.currency,
        "stock": str(book.stock),
        "status": book.status,
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def values_from(body: dict[str, Any]) -> dict[str, Any]:
    """Return the same for what was sent, as it was understood."""
    body = {**body, "categories": sorted(body["categories"])}
    return {
        name: [str(one) for one in value] if isinstance(value, list) else _text(value) for name, value in body.items()
    }
