"""Books: added, changed and removed by those who keep the catalogue."""

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from lyceum.core import audit
from lyceum.core.conditions import unbound
from lyceum.core.errors import FieldError, Invalid, NotFound
from lyceum.core.events import publish
from lyceum.library import index
from lyceum.library.contracts import BookChanged, BookRemoved
from lyceum.library.models import PUBLIC_STATUSES, Author, Book, BookAuthor, Category, Publisher

Check = Callable[[Book], None]


@transaction.atomic
def create_book(*, actor: Any, authors: Sequence[UUID] = (), categories: Sequence[UUID] = (), **fields: Any) -> Book:
    """Add a book; raises Invalid for people, shelves and publishers that are none, and for an ISBN that is taken."""
    book = Book()
    _check(book, fields, authors=authors, categories=categories)
    _set(book, fields)
    save(book)
    _set_authors(book, authors)
    book.categories.set(Category.objects.filter(pk__in=categories))
    tell_created(book, actor=actor)
    return book


@transaction.atomic
def change_book(
    book_id: UUID,
    *,
    actor: Any,
    check: Check = unbound,
    authors: Sequence[UUID] | None = None,
    categories: Sequence[UUID] | None = None,
    **changes: Any,
) -> Book:
    """Change a book; `check` sees the locked row and may raise."""
    book = lock_book(book_id)
    check(book)
    was_public = book.status in PUBLIC_STATUSES
    _check(book, changes, authors=authors or (), categories=categories or ())
    _set(book, changes)
    save(book)
    if authors is not None:
        _set_authors(book, authors)
    if categories is not None:
        book.categories.set(Category.objects.filter(pk__in=categories))
    names = [
        *changes,
        *(["authors"] if authors is not None else []),
        *(["categories"] if categories is not None else []),
    ]
    tell_changed(book, actor=actor, was_public=was_public, fields=names)
    return book


@transaction.atomic
def delete_book(book_id: UUID, *, actor: Any, check: Check = unbound) -> None:
    """Take a book out of the catalogue with its reviews; orders keep what they say of it."""
    book = lock_book(book_id)
    check(book)
    book.delete()
    audit.record(actor, "book.deleted", book_id)
    publish(BookRemoved(book_id=str(book_id)))
    index.touch([book_id])


def lock_book(book_id: UUID) -> Book:
    found = Book.objects.select_for_update().filter(pk=book_id).first()
    if found is None:
        raise NotFound("There is no such book.")
    return found


def _set(book: Book, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(book, name, value)
    if changes.get("publication_date") is not None:
        book.publication_year = changes["publication_date"].year
    elif book.publication_date is not None and book.publication_date.year != book.publication_year:
        # Only the year is said now.
        book.publication_date = None


def save(book: Book) -> None:
    """Write the row of a book; raises Invalid for an ISBN that somebody was faster with."""
    book.updated_at = timezone.now()
    if not book._state.adding:
        book.version += 1
    try:
        with transaction.atomic():
            book.save()
    except IntegrityError as err:
        raise _taken() from err


def _taken() -> Invalid:
    return Invalid.field("isbn", "taken", "Another book has this ISBN.")


def _check(book: Book, changes: dict[str, Any], *, authors: Collection[UUID], categories: Collection[UUID]) -> None:
    errors = _missing(Author, "authors", authors) + _missing(Category, "categories", categories)
    publisher_id = changes.get("publisher_id")
    if publisher_id is not None and not Publisher.objects.filter(pk=publisher_id).exists():
        errors.append(FieldError("publisher", "not_found", "There is no such publisher."))
    isbn = changes.get("isbn")
    if isbn and Book.objects.filter(isbn=isbn).exclude(pk=book.pk).exists():
        errors += _taken().errors
    day, year = changes.get("publication_date"), changes.get("publication_year")
    if day is not None and year is not None and day.year != year:
        errors.append(FieldError("publication_year", "invalid", "This is not the year of publication_date."))
    if errors:
        raise Invalid(errors=errors)


def _missing(model: Any, field: str, ids: Collection[UUID]) -> list[FieldError]:
    known = set(model.objects.filter(pk__in=list(ids)).values_list("pk", flat=True)) if ids else set()
    return [
        FieldError(f"{field}.{place}", "not_found", "There is no such thing here.")
        for place, one in enumerate(ids)
        if one not in known
    ]


def _set_authors(book: Book, authors: Sequence[UUID]) -> None:
    BookAuthor.objects.filter(book=book).delete()
    ids = dict.fromkeys(authors)
    BookAuthor.objects.bulk_create(
        BookAuthor(book=book, author_id=author_id, place=place) for place, author_id in enumerate(ids)
    )


def tell_created(book: Book, *, actor: Any) -> None:
    """Record and tell that a book is there, with its authors and categories."""
    audit.record(actor, "book.created", book.pk)
    _tell(book, was_public=False, is_new=True)


def tell_changed(book: Book, *, actor: Any, was_public: bool, fields: Collection[str]) -> None:
    """Record and tell what of a book is another now."""
    audit.record(actor, "book.changed", book.pk, fields=sorted(fields))
    _tell(book, was_public=was_public)


def _tell(book: Book, *, was_public: bool, is_new: bool = False) -> None:
    if book.status in PUBLIC_STATUSES:
        publish(BookChanged(book_id=str(book.pk), is_new=is_new))
    elif was_public:
        publish(BookRemoved(book_id=str(book.pk)))
    index.touch([book.pk])
