"""Covers: uploaded pictures, redrawn when they come in; and drawn ones where there is none."""

from collections.abc import Callable
from hashlib import blake2b
from typing import IO, Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from lyceum.core import audit, leftovers
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.ids import uuid7
from lyceum.core.sandbox import Unreadable, parse
from lyceum.library import books, drawn
from lyceum.library.models import Book
from lyceum.library.pictures import redraw

FOLDER = leftovers.own("covers")
REFUSALS = {
    "type": ("invalid", "Send a PNG, JPEG, WebP or GIF picture."),
    "pixels": ("too_large", "The picture has more than 40 million pixels."),
}


def path_of(cover: str) -> str:
    return f"{FOLDER}/{cover}.webp"


def version_of(book: Book) -> str:
    """Name the picture of a book: another name is another picture."""
    return book.cover or blake2b(f"{book.title}\n{book.author}".encode(), digest_size=6).hexdigest()


def url_of(book: Book) -> str:
    """Return where a book's cover is read; the address changes with the picture."""
    return f"/api/v1/books/{book.pk}/cover/?v={version_of(book)}"


def draw(book: Book) -> str:
    return drawn.cover(book.title, book.author)


def open_cover(book: Book) -> "File[bytes] | None":
    """Return the open file of an uploaded cover, None where there is none."""
    if not book.cover:
        return None
    try:
        return default_storage.open(path_of(book.cover))
    except FileNotFoundError:
        return None


def set_cover(book_id: UUID, file: IO[bytes], *, actor: Any, check: Callable[[Book], None]) -> Book:
    """Make the picture that of the book, in place of the one before; raises Invalid for what is no picture."""
    if not Book.objects.filter(pk=book_id).exists():
        raise NotFound("There is no such book.")
    try:
        picture = parse(redraw, file)
    except Unreadable as err:
        code, detail = REFUSALS.get(err.reason, ("invalid", "This picture cannot be read."))
        raise Invalid.field("file", code, detail) from err
    cover = uuid7().hex
    default_storage.save(path_of(cover), ContentFile(picture))
    return _change(book_id, cover, actor, check)


def remove_cover(book_id: UUID, *, actor: Any, check: Callable[[Book], None]) -> Book:
    return _change(book_id, "", actor, check)


@transaction.atomic
def _change(book_id: UUID, cover: str, actor: Any, check: Callable[[Book], None]) -> Book:
    book = books.lock_book(book_id)
    check(book)
    before, book.cover, book.version = book.cover, cover, book.version + 1
    book.save(update_fields=["cover", "version"])
    audit.record(actor, "book.cover_changed" if cover else "book.cover_removed", book.pk)
    if before:
        leftovers.delete_on_commit(path_of(before))
    return book


def sweep() -> int:
    """Delete the files that no row names; returns how many there were."""
    return leftovers.sweep(
        FOLDER, lambda names: [f"{one}.webp" for one in Book.objects.exclude(cover="").values_list("cover", flat=True)]
    )
