"""Books and ratings in tables: CSV with a head line, with commas, semicolons or tabs."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lyceum.core.errors import Invalid
from lyceum.library.imports import entries
from lyceum.library.imports.entries import Entry, Refused, Row
from lyceum.library.models import Book

# The names under which a column is known, the best first.
COLUMNS = {
    "key": ("book_id", "id", "record_reference"),
    "title": ("title", "original_title"),
    "subtitle": ("subtitle",),
    "isbn": ("isbn13", "isbn", "isbn10", "ean"),
    "description": ("description", "summary"),
    "authors": ("authors", "author"),
    "publisher": ("publisher",),
    "categories": ("categories", "category", "genres", "subjects"),
    "price": ("price",),
    "currency": ("currency",),
    "status": ("status",),
    "stock": ("stock", "quantity"),
    "pages": ("pages", "num_pages"),
    "publication_date": ("publication_date", "published"),
    "publication_year": ("publication_year", "original_publication_year", "year"),
    "language": ("language", "language_code"),
}
HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Record:
    """One line of a table, by the names of its columns; `fault` where it could not be read."""

    line: int
    values: Mapping[str, str]
    fault: str = ""


def books(path: Path) -> Iterator[Row]:
    """Read the books of a table; raises Invalid for a file that is none."""
    for record in records(path, needed=(COLUMNS["title"],)):
        try:
            yield Row(record.line, _entry(record))
        except Refused as err:
            yield Row(record.line, fault=err)


def records(path: Path, *, needed: Sequence[Sequence[str]]) -> Iterator[Record]:
    """Read a table line by line; raises Invalid where it is no UTF-8, or a column that is needed is missing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield from _records(file, needed)
        except UnicodeDecodeError as err:
            raise Invalid(f"{path} is not in UTF-8: save it so, and import it again.") from err


def _records(file: IO[str], needed: Sequence[Sequence[str]]) -> Iterator[Record]:
    head = file.readline(HEAD_BYTES)
    delimiter = max(",;\t", key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    for choice in needed:
        if not set(choice) & set(names):
            raise Invalid(f"The first line has no column {choice[0]}; it has: {', '.join(names)[:200] or 'nothing'}.")
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        # Lines of the table itself, after its head.
        line = reader.line_num + 2
        try:
            values = next(reader, None)
        except csv.Error as err:
            yield Record(line, {}, str(err))
            continue
        if values is None:
            return
        if any(value.strip() for value in values):
            is_whole = len(values) == len(names)
            fault = "" if is_whole else f"{len(values)} values for {len(names)} columns"
            yield Record(line, dict(zip(names, values, strict=False)), fault)


def value(record: Record, names: Sequence[str]) -> str:
    """Return the first of some columns that says something."""
    return next((found for name in names if (found := record.values.get(name, "").strip())), "")


def _entry(record: Record) -> Entry:
    if record.fault:
        raise Refused("row", record.fault)
    told = {field: value(record, names) for field, names in COLUMNS.items()}
    title = entries.text("title", told["title"], 500)
    if not title:
        raise Refused("title", "there is none")
    day, year = entries.day(told["publication_date"])
    return Entry(
        title=title,
        key=entries.text("key", told["key"], 100),
        subtitle=entries.text("subtitle", told["subtitle"], 500) or None,
        isbn=_isbn(record),
        description=entries.long_text("description", told["description"]) or None,
        authors=_people(told["authors"]),
        publisher=entries.text("publisher", told["publisher"], 200) or None,
        categories=[way for part in _split(told["categories"]) if (way := entries.way(part))],
        price=entries.money(told["price"]),
        currency=entries.currency(told["currency"]),
        status=_status(told["status"]),
        stock=entries.whole("stock", told["stock"], 0, entries.MOST_COPIES),
        pages=entries.whole("pages", told["pages"], 0, 100_000) or None,
        publication_date=day,
        publication_year=year if year is not None else entries.year(told["publication_year"]),
        language=entries.language(told["language"]),
    )


def _isbn(record: Record) -> str | None:
    """Return the first ISBN of a row that can be read; raises Refused where all that are written are wrong."""
    fault = None
    for name in COLUMNS["isbn"]:
        try:
            found = entries.number(record.values.get(name, ""))
        except Refused as err:
            fault = err
            continue
        if found is not None:
            return found
    if fault is not None:
        raise fault
    return None


def _split(given: str) -> list[str]:
    sign = next((sign for sign in ";|" if sign in given), None)
    return [part for part in given.split(sign) if part.strip()] if sign else ([given] if given.strip() else [])


def _people(given: str) -> list[tuple[str, str]]:
    """Split `Le Guin, Ursula K.; Lem, Stanisław` or, where nothing else parts them, `A. Writer, B. Writer`."""
    parts = _split(given) if any(sign in given for sign in ";|") else given.split(",")
    found = [entries.person(part) for part in parts if part.strip(" ,")]
    return list(dict.fromkeys(found))[: entries.MOST_NAMES]


def _status(given: str) -> str | None:
    plain = given.strip().lower().replace(" ", "_").replace("-", "_")
    if plain and plain not in Book.Status.values:
        raise Refused("status", f"{given.strip()[:20]} is none of {', '.join(Book.Status.values)}")
    return plain or None
