"""Books as the index holds them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from lyceum.library import selectors
from lyceum.library.models import PUBLIC_STATUSES, Book, Category
from lyceum.library.scopes import LIBRARY_READ
from lyceum.search import public as search
from lyceum.search.contracts import (
    Completion,
    Date,
    Declaration,
    Document,
    Everything,
    Filter,
    IsOneOf,
    Keyword,
    Number,
    Text,
)

KIND = "book"
AT_ONCE = 5000
# The popularity that stands in the middle of the scale from 0 to 1: some twenty readers who liked it.
MIDDLING = 11.0


def touch(book_ids: Iterable[UUID]) -> None:
    """Have books looked at again by the index, in the caller's transaction."""
    search.changed(KIND, book_ids)


def load(ids: Sequence[UUID]) -> Iterator[Document]:
    above = selectors.ancestry()
    for book in selectors.whole(Book.objects.filter(pk__in=ids)):
        yield to_document(book, above)


def ids_above(last: UUID | None) -> Iterator[UUID]:
    """Yield the ids of all books above one, in ascending order."""
    rows = Book.objects.order_by("pk").values_list("pk", flat=True)
    while chunk := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
        yield from chunk
        last = chunk[-1]


def visible(person: Any) -> Filter:
    """Let staff find drafts and what was withdrawn too."""
    return Everything() if getattr(person, "is_staff", False) else IsOneOf("status", tuple(map(str, PUBLIC_STATUSES)))


def to_document(book: Book, above: dict[UUID, list[Category]]) -> Document:
    """Return a book as the index holds it; `above` are the categories over each, itself first."""
    authors = [link.author for link in book.authorships.all()]
    shelves = [category for own in book.categories.all() for category in above.get(own.pk, [own])]
    return Document(
        book.pk,
        book.title,
        f"/library/books/{book.pk}/",
        {
            "title": book.title,
            "subtitle": book.subtitle,
            "author": book.author,
            "description": book.description,
            "category": ", ".join(dict.fromkeys(shelf.name for shelf in shelves)),
            "author_ids": [author.pk for author in authors],
            "category_ids": list(dict.fromkeys(shelf.pk for shelf in shelves)),
            "publisher": book.publisher.name if book.publisher else None,
            "publisher_id": book.publisher_id,
            "isbn": book.isbn,
            "language": book.language or None,
            "status": book.status,
            "price": book.price,
            "rating": book.average_rating,
            "year": book.publication_year,
            "added": book.created_at,
            "completion": book.title,
        },
        language=book.language,
        popularity=scaled(book.popularity),
    )


def scaled(popularity: float) -> float:
    """Bring the popularity of a row, which has no end, between 0 and 1; rounded, so that it stays comparable."""
    return round(popularity / (popularity + MIDDLING), 4)


DECLARATION = Declaration(
    kind=KIND,
    fields=(
        Text("title", boost=3.0),
        Text("subtitle"),
        Text("author", boost=2.0, by_language=False),
        Text("description"),
        Text("category"),
        Keyword("author_ids"),
        Keyword("category_ids"),
        Keyword("publisher"),
        Keyword("publisher_id"),
        Keyword("isbn"),
        Keyword("language"),
        Keyword("status"),
        Number("price"),
        Number("rating"),
        Number("year"),
        Date("added"),
        Completion("completion"),
    ),
    load=load,
    ids=ids_above,
    visible=visible,
    similar=("title", "description", "category"),
    meaning=("title", "subtitle", "description", "category"),
    aliases={"authors": "author", "categories": "category"},
)
SECTION = search.Section(KIND, _("Books"), "library", LIBRARY_READ, highlights=("description", "author"))
