"""Brings the books of a file into the catalogue: known by their ISBN, written in bulk, all of them or none."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from lyceum.core import audit
from lyceum.core.events import publish_all
from lyceum.library import index, suggestions
from lyceum.library.contracts import BookChanged
from lyceum.library.imports.entries import Entry, Row
from lyceum.library.imports.report import Report, Say, silent
from lyceum.library.imports.shelving import Shelving, name_of
from lyceum.library.models import Book, BookAuthor, BookOrigin, key_of

R = TypeVar("R")
AT_ONCE = 1000
# Wide updates are dear to plan.
WRITTEN_AT_ONCE = 200
# One import at a time: two would make the same authors twice.
LOCK = 7_141_201
PLAIN = ("title", "subtitle", "isbn", "description", "price", "currency", "status", "stock", "pages", "language")
DATES = ("publication_date", "publication_year")
# Copies that are sold while a file comes in stay sold: stock is written only where a row says another one.
WRITTEN = [*(name for name in PLAIN if name != "stock"), *DATES, "title_key", "publisher", "updated_at"]
Title = tuple[str, ...]


@transaction.atomic
def load_books(rows: Iterable[Row], *, source: str, say: Say = silent) -> Report:
    """Add or change the books of a file and tell what came of each row; nothing of it stands where this raises.

    What a row leaves out stays as it was, so that the same file again changes nothing.
    """
    lock()
    report, shelving = Report(), Shelving()
    for chunk in in_chunks(rows, AT_ONCE):
        _Chunk(source, shelving, report).load(chunk)
        say(f"{report.rows:,} rows")
    if report.added:
        suggestions.queue()
    audit.record(None, "catalogue.imported", source, added=report.added, changed=report.changed)
    return report


def lock() -> None:
    """Wait for other imports; in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0; select pg_advisory_xact_lock(%s)", [LOCK])


def in_chunks(rows: Iterable[R], size: int) -> Iterator[list[R]]:
    waiting = iter(rows)
    while chunk := list(islice(waiting, size)):
        yield chunk


class _Chunk:
    """Some rows at once: looked up together, changed in memory, written together."""

    def __init__(self, source: str, shelving: Shelving, report: Report) -> None:
        self._source, self._shelving, self._report = source, shelving, report
        self._by_isbn: dict[str, Book] = {}
        self._by_title: dict[Title, Book] = {}
        self._authors: dict[UUID, list[UUID]] = {}
        self._shelves: dict[UUID, set[UUID]] = {}
        self._new: dict[UUID, Book] = {}
        self._changed: dict[UUID, Book] = {}
        self._counted: set[UUID] = set()
        self._with_authors: set[UUID] = set()
        self._links: list[tuple[UUID, UUID]] = []
        self._keys: dict[str, UUID] = {}

    def load(self, rows: Sequence[Row]) -> None:
        self._report.refuse(rows)
        entries = [row.entry for row in rows if row.entry is not None]
        self._shelving.prepare(entries)
        self._look_up(entries)
        for entry in entries:
            self._take(entry)
        self._write()

    def _look_up(self, entries: Sequence[Entry]) -> None:
        known = Book.objects.prefetch_related("authorships__author", "categories").order_by("-pk")
        numbered = list(known.filter(isbn__in=[entry.isbn for entry in entries if entry.isbn]))
        titled = list(known.filter(title_key__in={key_of(entry.title) for entry in entries if not entry.isbn}))
        for book in [*numbered, *titled]:
            links = list(book.authorships.all())
            self._authors[book.pk] = [link.author_id for link in links]
            self._shelves[book.pk] = {category.pk for category in book.categories.all()}
            self._by_title[book.title_key, *(link.author.name_key for link in links)] = book
        # A book that was found twice is one from here on.
        self._by_isbn = {book.isbn: book for book in [*numbered, *self._by_title.values()] if book.isbn}

    def _find(self, entry: Entry) -> Book | None:
        """Find a book by its ISBN; without one it is that of the same title and authors."""
        return self._by_isbn.get(entry.isbn) if entry.isbn else self._by_title.get(_title_of(entry))

    def _take(self, entry: Entry) -> None:
        book = self._find(entry)
        if book is None and not entry.title:
            # Taken back before it was ever here.
            self._report.unchanged += 1
            return
        if book is None:
            self._add(entry)
        elif self._change(book, entry):
            self._report.changed += 1
            if book.pk not in self._new:
                self._changed[book.pk] = book
        else:
            self._report.unchanged += 1

    def _add(self, entry: Entry) -> None:
        book = Book()
        self._new[book.pk] = book
        self._authors[book.pk], self._shelves[book.pk] = [], set()
        self._change(book, entry)
        self._by_title.setdefault(_title_of(entry), book)
        if book.isbn:
            self._by_isbn[book.isbn] = book
        self._report.added += 1

    def _change(self, book: Book, entry: Entry) -> bool:
        """Let a book be what a row says; returns whether it says anything new."""
        if entry.key:
            self._keys[entry.key] = book.pk
        told = _told(book, entry)
        if entry.publisher:
            told["publisher_id"] = self._shelving.publisher_id(entry.publisher)
        differing = {name: value for name, value in told.items() if getattr(book, name) != value}
        for name, value in differing.items():
            setattr(book, name, value)
        if "stock" in differing:
            self._counted.add(book.pk)
        book.title_key = key_of(book.title)
        are_new = self._set_authors(book, entry)
        return self._add_shelves(book, entry) or are_new or bool(differing)

    def _set_authors(self, book: Book, entry: Entry) -> bool:
        authors = self._shelving.author_ids(entry)
        if not authors or authors == self._authors[book.pk]:
            return False
        self._authors[book.pk] = authors
        self._with_authors.add(book.pk)
        return True

    def _add_shelves(self, book: Book, entry: Entry) -> bool:
        # Those that staff chose stay.
        more = self._shelving.category_ids(entry) - self._shelves[book.pk]
        self._shelves[book.pk] |= more
        self._links += [(book.pk, category_id) for category_id in sorted(more)]
        return bool(more)

    def _write(self) -> None:
        now = timezone.now()
        for book in self._changed.values():
            book.updated_at = now
        Book.objects.bulk_create(self._new.values())
        Book.objects.bulk_update(self._changed.values(), WRITTEN, batch_size=WRITTEN_AT_ONCE)
        Book.objects.filter(pk__in=self._changed).update(version=F("version") + 1)
        counted = [book for book in self._changed.values() if book.pk in self._counted]
        Book.objects.bulk_update(counted, ["stock"], batch_size=WRITTEN_AT_ONCE)
        BookAuthor.objects.filter(book__in=self._with_authors - self._new.keys()).delete()
        BookAuthor.objects.bulk_create(
            BookAuthor(book_id=book_id, author_id=author_id, place=place)
            for book_id in self._with_authors
            for place, author_id in enumerate(self._authors[book_id])
        )
        shelf = Book.categories.through
        shelf.objects.bulk_create(shelf(book_id=book_id, category_id=one) for book_id, one in self._links)
        self._write_keys()
        index.touch([*self._new, *self._changed])
        publish_all(BookChanged(book_id=str(one), is_new=True) for one in self._new)
        publish_all(BookChanged(book_id=str(one)) for one in self._changed)

    def _write_keys(self) -> None:
        rows = [BookOrigin(source=self._source, key=key, book_id=book_id) for key, book_id in self._keys.items()]
        BookOrigin.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["source", "key"], update_fields=["book"]
        )


def _told(book: Book, entry: Entry) -> dict[str, object]:
    """Return what a row says of the columns of a book."""
    told: dict[str, object] = {name: value for name in PLAIN if (value := getattr(entry, name)) not in (None, "")}
    if entry.publication_year is not None:
        # Of a day that is known already, its year alone says nothing new.
        is_known = book.publication_date is not None and book.publication_date.year == entry.publication_year
        told["publication_year"] = entry.publication_year
        if entry.publication_date is not None or not is_known:
            told["publication_date"] = entry.publication_date
    return told


def _title_of(entry: Entry) -> Title:
    return (key_of(entry.title), *(name_of(one) for one in entry.authors))
