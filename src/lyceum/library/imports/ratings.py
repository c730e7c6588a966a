"""Ratings of readers of another place, brought along with the books: one for each reader and book."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lyceum.core import audit
from lyceum.library import index, isbn
from lyceum.library.imports.entries import Refused, long_text, text
from lyceum.library.imports.loading import in_chunks, lock
from lyceum.library.imports.report import Report, Say, silent
from lyceum.library.imports.tables import Record, records, value
from lyceum.library.models import Book, BookOrigin, Review

AT_ONCE = 5000
READER = ("user_id", "reader", "user")
BOOK = ("book_id", "isbn", "isbn13")
RATING = ("rating",)
TEXT = ("review", "text")
MOMENT = ("timestamp", "created_at")


@dataclass(frozen=True)
class Rating:
    """What a line says: who gave which book how many stars; the book by its number there, or by its ISBN."""

    line: int
    reader: str
    book: str
    rating: int
    text: str
    at: datetime | None


@transaction.atomic
def load_ratings(path: Path, *, source: str, say: Say = silent) -> Report:
    """Take the ratings of a file; the same file again changes nothing, and nothing of it stands where this raises."""
    lock()
    report, touched = Report(), set[UUID]()
    for chunk in in_chunks(records(path, needed=(READER, BOOK, RATING)), AT_ONCE):
        touched |= _take(list(_readable(chunk, report)), source, report)
        say(f"{report.rows:,} rows")
    index.touch(sorted(touched))
    audit.record(None, "ratings.imported", source, added=report.added, changed=report.changed)
    return report


def _readable(chunk: Iterable[Record], report: Report) -> Iterator[Rating]:
    for record in chunk:
        try:
            yield _rating(record)
        except Refused as err:
            report.refused.append((record.line, err.field, err.why))


def _rating(record: Record) -> Rating:
    if record.fault:
        raise Refused("row", record.fault)
    reader = text("user_id", value(record, READER), 100)
    if not reader or "@" in reader:
        raise Refused("user_id", "use a number or a made-up name; addresses are not kept with ratings")
    stars = value(record, RATING).removesuffix(".0")
    if stars not in ("1", "2", "3", "4", "5"):
        raise Refused("rating", f"{stars[:20] or 'nothing'} is no whole number from 1 to 5")
    said = long_text("review", value(record, TEXT))
    return Rating(record.line, reader, value(record, BOOK), int(stars), said, _moment(value(record, MOMENT)))


def _moment(given: str) -> datetime | None:
    if not given:
        return None
    try:
        if given.isdecimal():
            return datetime.fromtimestamp(int(given), UTC)
        found = datetime.fromisoformat(given)
    except (ValueError, OverflowError, OSError) as err:
        raise Refused("timestamp", f"{given[:30]} is no moment") from err
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _take(ratings: Sequence[Rating], source: str, report: Report) -> set[UUID]:
    """Write some ratings and return the books that they changed."""
    books = _books(ratings, source)
    known = _known(ratings, source, set(books.values()))
    new: dict[tuple[str, UUID], Review] = {}
    changed: dict[tuple[str, UUID], Review] = {}
    for one in ratings:
        if (book_id := books.get(one.book)) is None:
            report.refused.append((one.line, "book_id", f"{one.book[:30] or 'nothing'} is no book of this catalogue"))
            continue
        place = (one.reader, book_id)
        row = known.get(place)
        if row is None:
            known[place] = new[place] = _review(one, source, book_id)
            report.added += 1
        elif (row.rating, row.text) == (one.rating, one.text or row.text):
            report.unchanged += 1
        else:
            row.rating, row.text, row.updated_at = one.rating, one.text or row.text, timezone.now()
            report.changed += 1
            if place not in new:
                changed[place] = row
    Review.objects.bulk_create(new.values())
    Review.objects.bulk_update(changed.values(), ["rating", "text", "updated_at"])
    return {book_id for _, book_id in [*new, *changed]}


def _review(one: Rating, source: str, book_id: UUID) -> Review:
    at = one.at or timezone.now()
    return Review(
        book_id=book_id,
        source=source,
        reader=one.reader,
        rating=one.rating,
        text=one.text,
        created_at=at,
        updated_at=at,
    )


def _books(ratings: Sequence[Rating], source: str) -> dict[str, UUID]:
    """Return the books by what the ratings call them."""
    asked = {one.book for one in ratings}
    found = dict(BookOrigin.objects.filter(source=source, key__in=asked).values_list("key", "book_id"))
    numbers = {text: number for text in asked - found.keys() if (number := isbn.normal(text))}
    by_isbn = dict(Book.objects.filter(isbn__in=numbers.values()).values_list("isbn", "pk"))
    return found | {text: by_isbn[number] for text, number in numbers.items() if number in by_isbn}


def _known(ratings: Sequence[Rating], source: str, book_ids: set[UUID]) -> dict[tuple[str, UUID], Review]:
    readers = {one.reader for one in ratings}
    rows = Review.objects.filter(user=None, source=source, reader__in=readers, book__in=book_ids)
    return {(row.reader, row.book_id): row for row in rows}
