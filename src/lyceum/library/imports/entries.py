"""A book as a file tells of it, whatever the format; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lyceum.library import isbn
from lyceum.library.fields import CURRENCY, EARLIEST_YEAR, LANGUAGE, LATEST_YEAR
from lyceum.library.languages import short_code

MOST_NAMES = 50
MOST_MONEY = Decimal("99999999.99")
MOST_COPIES = 2**31 - 1
LONGEST_TEXT = 20_000


class Refused(Exception):
    """A row that cannot be taken, by the field that is wrong and why."""

    def __init__(self, field: str, why: str) -> None:
        self.field, self.why = field, why
        super().__init__(f"{field}: {why}")


@dataclass(frozen=True)
class Entry:
    """What a row says; None and nothing where it says nothing, so that what is there already stays.

    `key` is its number in the catalogue that it comes from; the title is empty only for a book that is taken back.
    Authors are (first names, last name), categories are ways
    from the top of the tree.
    """

    title: str
    key: str = ""
    subtitle: str | None = None
    isbn: str | None = None
    description: str | None = None
    authors: Sequence[tuple[str, str]] = ()
    publisher: str | None = None
    categories: Sequence[tuple[str, ...]] = ()
    price: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    stock: int | None = None
    pages: int | None = None
    publication_date: date | None = None
    publication_year: int | None = None
    language: str | None = None


@dataclass(frozen=True)
class Row:
    """One row of a file: what it says, or why it is refused; `line` is where it begins."""

    line: int
    entry: Entry | None = None
    fault: Refused | None = None


def text(field: str, given: str, most: int) -> str:
    """Return a text without blanks around; raises Refused for one too long."""
    found = " ".join(given.replace("\x00", " ").split())
    if len(found) > most:
        raise Refused(field, f"longer than {most} characters")
    return found


def long_text(field: str, given: str) -> str:
    found = given.replace("\x00", " ").strip()
    if len(found) > LONGEST_TEXT:
        raise Refused(field, f"longer than {LONGEST_TEXT} characters")
    return found


def number(given: str) -> str | None:
    """Return the ISBN that is written, None for nothing; raises Refused for one that is wrong.

    Spreadsheets spoil such numbers: they drop leading zeros, which come back here, or round them to `9.78E+12`, which
    says nothing any more.
    """
    plain = given.strip()
    if not plain or re.fullmatch(r"[0-9][.,][0-9]+[eE]\+?[0-9]+", plain):
        return None
    plain = plain.removesuffix(".0")
    found = isbn.normal(plain) or (isbn.normal(plain.zfill(10)) if re.fullmatch(r"[0-9]{5,9}[0-9Xx]", plain) else None)
    if found is None:
        raise Refused("isbn", f"{plain[:20]} is no ISBN: its check digit does not fit")
    return found


def person(given: str) -> tuple[str, str]:
    """Return first names and last name of `Ursula K. Le Guin` or `Le Guin, Ursula K.`."""
    name = text("authors", given, 300)
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    first, last = first.strip(), last.strip()
    if not last:
        first, last = "", first
    if len(first) > 150 or len(last) > 150:
        raise Refused("authors", "a name is longer than 150 characters")
    return first, last


def money(given: str) -> Decimal | None:
    plain = given.strip().replace(",", ".")
    if not plain:
        return None
    if not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,6})?", plain):
        raise Refused("price", f"{given.strip()[:20]} is no amount of money")
    return min(Decimal(plain), MOST_MONEY).quantize(Decimal("0.01"))


def currency(given: str) -> str | None:
    plain = given.strip().upper()
    if plain and not CURRENCY.fullmatch(plain):
        raise Refused("currency", f"{plain[:10]} is no code of a currency")
    return plain or None


def whole(field: str, given: str, low: int, high: int) -> int | None:
    """Return a whole number, also one that a spreadsheet wrote as `2008.0`."""
    plain = given.strip()
    if not plain:
        return None
    if not re.fullmatch(r"-?[0-9]{1,12}(\.0+)?", plain):
        raise Refused(field, f"{plain[:20]} is no whole number")
    found = int(plain.partition(".")[0])
    if not low <= found <= high:
        raise Refused(field, f"{found} is not between {low} and {high}")
    return found


def year(given: str) -> int | None:
    return whole("publication_year", given, EARLIEST_YEAR, LATEST_YEAR)


def day(given: str) -> tuple[date | None, int | None]:
    """Return the day and the year of `2008-09-14`, `2008-09` or `2008`."""
    plain = given.strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain):
        try:
            found = date.fromisoformat(plain)
        except ValueError as err:
            raise Refused("publication_date", f"{plain} is no day") from err
        return found, found.year
    return None, year(plain[:4] if re.fullmatch(r"[0-9]{4}-[0-9]{2}", plain) else plain)


def language(given: str) -> str | None:
    plain = short_code(given.strip())
    if plain and (len(plain) > 10 or not LANGUAGE.fullmatch(plain)):
        raise Refused("language", f"{given.strip()[:20]} is no code of a language")
    return plain or None


def way(given: str) -> tuple[str, ...]:
    """Return the way to a category, as in `Science > Earth > Rocks`."""
    parts = [text("categories", part, 100) for part in re.split(r"\s*>\s*", given)]
    return tuple(part for part in parts if part)
