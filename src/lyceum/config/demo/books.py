"""The demo's books, read from the TOML files in `books/`: real books as facts, in our own words."""

import tomllib
from decimal import Decimal
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
# The school buys and sells in Western Australia.
CURRENCY = "AUD"


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One book; authors are written as "Last, First", or by the one name they are known by."""

    title: str
    authors: list[str]
    year: int
    categories: list[str]
    price: Decimal
    stock: int
    about: str
    subtitle: str = ""
    publisher: str = ""
    isbn: str | None = None
    pages: int | None = None
    language: str = ""


class Shelf(msgspec.Struct, forbid_unknown_fields=True):
    language: str
    book: list[Entry]


def entries() -> list[Entry]:
    found: list[Entry] = []
    for path in sorted((HERE / "books").glob("*.toml")):
        shelf = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Shelf)
        for entry in shelf.book:
            entry.language = shelf.language
        found += shelf.book
    return found


def tree() -> dict[str, list[str]]:
    """Return the categories by the branch that they are in."""
    text = (HERE / "categories.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, list[str]])


def name_of(author: str) -> tuple[str, str]:
    """Return first and last name."""
    last, _, first = author.partition(", ")
    return first, last
