"""Books from CSV files: known again by their ISBN, all of a file or nothing of it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lyceum.core.errors import Invalid
from lyceum.library import public as library
from lyceum.library.imports import loading
from lyceum.library.models import Author, Book, Category
from lyceum.library.testing import make_book, make_category
from lyceum.search.models import PendingChange

GOODBOOKS = Path(__file__).parents[5] / "shared" / "data" / "goodbooks"
TABLE = """title,isbn,authors,categories,publisher,price,stock,publication_date,language
The Dispossessed,978-0-306-40615-7,"Le Guin, Ursula K.;",Novels > Utopias; Anarchism,Field Press,12.5,4,1974-05-01,eng
Solaris,,"Stanisław Lem",Novels,,8.00,0,1961,pol
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(text: str | bytes) -> library.ImportReport:
        file = tmp_path / "books.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return library.import_books(file, source="import")

    return load


def counts(report: library.ImportReport) -> tuple[int, int, int]:
    return report.added, report.changed, report.unchanged


def test_a_table_becomes_books_with_all_that_it_says(load: Any) -> None:
    assert counts(load(TABLE)) == (2, 0, 0)
    book = Book.objects.get(isbn="9780306406157")
    assert (book.title, book.author, str(book.publisher)) == ("The Dispossessed", "Ursula K. Le Guin", "Field Press")
    assert (book.price, book.stock, book.language) == (Decimal("12.50"), 4, "en")
    assert (str(book.publication_date), book.publication_year) == ("1974-05-01", 1974)
    assert {(one.name, one.parent and one.parent.name) for one in book.categories.all()} == {
        ("Utopias", "Novels"),
        ("Anarchism", None),
    }
    solaris = Book.objects.get(title="Solaris")
    assert (solaris.isbn, solaris.publication_date, solaris.publication_year) == (None, None, 1961)
    assert {row.document_id for row in PendingChange.objects.all()} == {book.pk, solaris.pk}


def test_the_same_file_again_changes_nothing(load: Any) -> None:
    load(TABLE)
    PendingChange.objects.all().delete()
    assert counts(load(TABLE)) == (0, 0, 2)
    assert (Book.objects.count(), Author.objects.count(), Category.objects.count()) == (2, 2, 3)
    assert not PendingChange.objects.exists()


def test_a_row_changes_what_it_says_and_leaves_the_rest(load: Any) -> None:
    load(TABLE)
    book = Book.objects.get(title="The Dispossessed")
    book.categories.add(make_category("Chosen by staff"))
    report = load("isbn;title;price\n9780306406157;The Dispossessed;9,90\n")
    assert counts(report) == (0, 1, 0)
    book.refresh_from_db()
    assert (book.price, book.stock, book.author, book.version) == (Decimal("9.90"), 4, "Ursula K. Le Guin", 2)
    assert counts(load(TABLE)) == (0, 1, 1)
    assert book.categories.filter(name="Chosen by staff").exists()


def test_copies_that_are_sold_while_a_file_comes_in_stay_sold(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load(TABLE)
    write = loading._Chunk._write

    def write_late(chunk: Any) -> None:
        Book.objects.filter(title="The Dispossessed").update(stock=1, version=7)
        write(chunk)

    monkeypatch.setattr(loading._Chunk, "_write", write_late)
    load("isbn;title;price\n9780306406157;The Dispossessed;9,90\n")
    book = Book.objects.get(title="The Dispossessed")
    assert (book.price, book.stock, book.version) == (Decimal("9.90"), 1, 8)
    load("isbn;title;stock\n9780306406157;The Dispossessed;20\n")
    assert Book.objects.get(title="The Dispossessed").stock == 20


def test_books_and_people_that_are_there_are_used(load: Any) -> None:
    known = make_book("Solaris", ["Stanisław Lem"], isbn=None)
    assert counts(load("title,author,pages\nSOLARIS,Stanislaw Lem,204\nEden,Stanislaw Lem,\n")) == (1, 1, 0)
    known.refresh_from_db()
    assert (known.pages, Author.objects.count()) == (204, 1)


def test_one_book_twice_in_a_file_is_one(load: Any) -> None:
    report = load("title,isbn\nMaps,0306406152\nMaps and more,9780306406157\nAtlas,\nAtlas,\n")
    assert counts(report) == (2, 1, 1)
    assert sorted(Book.objects.values_list("title", flat=True)) == ["Atlas", "Maps and more"]


def test_refused_rows_are_told_by_their_line_and_the_others_stand(load: Any, tmp_path: Path) -> None:
    report = load(
        "title,isbn,price,publication_year,status\n"
        '"Two\nlines",,,,\n'
        ",9780306406157,,,\n"
        "Wrong number,9780306406158,,,\n"
        "Dear,,free,,\n"
        "Late,,,2008.5,\n"
        "Lost,,,,lost\n"
        "Short\n"
        "Good,,1.00,-750.0,out of print\n"
    )
    assert [(line, field) for line, field, _ in report.refused] == [
        (4, "title"),
        (5, "isbn"),
        (6, "price"),
        (7, "publication_year"),
        (8, "status"),
        (9, "row"),
    ]
    assert sorted(Book.objects.values_list("title", flat=True)) == ["Good", "Two lines"]
    report.write(tmp_path / "refused.csv")
    assert (tmp_path / "refused.csv").read_text().splitlines()[:2] == ["line,field,reason", "4,title,there is none"]


def test_numbers_that_spreadsheets_spoilt(load: Any) -> None:
    load("title,isbn,isbn13\nMaps,306406152,9.78030640615e+12\nAtlas,,9.78E+12\n")
    assert dict(Book.objects.values_list("title", "isbn")) == {"Maps": "9780306406157", "Atlas": None}


@pytest.mark.parametrize(
    ("text", "word"),
    [("isbn,price\n1,2\n", "title"), ("", "title"), ("title\nMüller\n".encode("latin-1"), "UTF-8")],
)
def test_what_is_no_table_of_books_is_refused_whole(load: Any, text: Any, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        load(text)


def test_an_import_that_breaks_off_leaves_nothing_half_done(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "AT_ONCE", 2)
    with pytest.raises(Invalid):
        load(b"title,authors\n" + b"".join(b"Book %d,Ada Lim\n" % n for n in range(5)) + b"\xff,x\n")
    assert not Book.objects.exists()
    assert not Author.objects.exists()


def test_real_books_come_in_and_come_in_again(load: Any) -> None:
    if not GOODBOOKS.is_dir():
        pytest.skip("goodbooks is not at hand")
    lines = (GOODBOOKS / "books.csv").read_bytes().splitlines(keepends=True)
    first = load(b"".join(lines[:2001]))
    assert first.rows == 2000
    assert len(first.refused) <= 5, first.sentences()
    again = load(b"".join(lines[:2001]))
    assert (again.added, Book.objects.count()) == (0, first.added)
