"""Which format a file has is seen at its beginning."""

from collections.abc import Iterator
from pathlib import Path

from lyceum.core.errors import Invalid
from lyceum.library.imports import onix, tables
from lyceum.library.imports.entries import Row
from lyceum.library.imports.loading import load_books
from lyceum.library.imports.ratings import load_ratings
from lyceum.library.imports.report import Report, Say, silent

SOURCE_LENGTH = 50


def import_books(path: Path, *, source: str, say: Say = silent) -> Report:
    """Bring the books of a CSV or ONIX 3 file into the catalogue; raises Invalid for any other."""
    _check(path, source)
    return load_books(_rows(path), source=source, say=say)


def import_ratings(path: Path, *, source: str, say: Say = silent) -> Report:
    """Bring the ratings of a CSV file along, of readers who have no account here; raises Invalid for any other."""
    _check(path, source)
    return load_ratings(path, source=source, say=say)


def _check(path: Path, source: str) -> None:
    if not path.is_file():
        raise Invalid(f"There is no file {path}.")
    if not 1 <= len(source) <= SOURCE_LENGTH:
        raise Invalid(f"Name the source in 1 to {SOURCE_LENGTH} characters.")


def _rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        head = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    # UTF-16 begins with its own mark, and XML alone is read in it.
    is_xml = head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))
    return onix.books(path) if is_xml else tables.books(path)
