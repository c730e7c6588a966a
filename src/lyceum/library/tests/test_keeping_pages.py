"""The pages on which staff keep the catalogue."""

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from lyceum.core.models import AuditEntry
from lyceum.library.models import Author, Book, Publisher
from lyceum.library.testing import make_author, make_book, make_category

pytestmark = pytest.mark.django_db
PAGE = {"Accept": "text/html"}


def browser(person: Any = None) -> Client:
    client = Client(headers=PAGE)
    if person is not None:
        client.force_login(person)
    return client


def values(**changes: Any) -> dict[str, Any]:
    usual = {
        "title": "Komatiite",
        "subtitle": "",
        "authors": "Nicholas Arndt\nC. Michael Lesher",
        "description": "Lavas.",
    }
    facts = {"publisher": "CUP", "publication_year": "2008", "pages": "", "language": "en", "isbn": "978-0-521-87474-8"}
    sold = {"price": "175.00", "currency": "AUD", "stock": "3", "status": "available"}
    return {**usual, **facts, **sold, **changes}


def picture() -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (40, 60), "#335577").save(file, "PNG")
    return SimpleUploadedFile("cover.png", file.getvalue(), "image/png")


def test_only_staff_keep_the_catalogue(alice: Any) -> None:
    book = make_book("Komatiite")
    at = f"/library/books/{book.pk}/"
    for address in ("/library/books/new/", f"{at}edit/"):
        assert browser().get(address).status_code == 302
        assert browser(alice).get(address).status_code == 403
        assert browser(alice).post(address, values(title="Mine")).status_code == 403
    for address in (f"{at}cover/", f"{at}delete/"):
        assert browser(alice).post(address).status_code == 403
    assert [one.title for one in Book.objects.all()] == ["Komatiite"]


def test_a_book_is_added_with_people_who_are_new_and_those_who_are_known(priya: Any) -> None:
    known, ore = make_author("Nicholas Arndt"), make_category("Ore")
    answer = browser(priya).post("/library/books/new/", values(categories=[str(ore.pk)]))
    book = Book.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/library/books/{book.pk}/")
    assert [link.author.full_name for link in book.authorships.all()] == ["Nicholas Arndt", "C. Michael Lesher"]
    assert book.authorships.first().author == known
    assert Author.objects.get(last_name="Lesher").first_name == "C. Michael"
    assert (book.isbn, book.price, book.publication_year, book.pages) == ("9780521874748", Decimal(175), 2008, None)
    assert list(book.categories.all()) == [ore] and Publisher.objects.get().name == "CUP"
    assert AuditEntry.objects.filter(action="book.created", actor=priya).exists()


def test_only_the_title_is_needed(priya: Any) -> None:
    bare = {name: "" for name in values()} | {"title": "On Stones", "stock": "0", "status": "draft", "currency": "EUR"}
    assert browser(priya).post("/library/books/new/", bare).status_code == 303
    book = Book.objects.get()
    assert (book.isbn, book.price, book.publisher, book.publication_year) == (None, None, None, None)


def test_every_fault_is_told_at_its_field_and_nothing_is_written(priya: Any) -> None:
    wrong = values(title="", isbn="978-0-521-87474-9", price="cheap", stock="-1", language="deutsch!", pages="many")
    answer = browser(priya).post("/library/books/new/", wrong)
    page = answer.content.decode()
    assert answer.status_code == 400
    for words in ("6 things to put right", "Enter the title", "check digit", "12.50", "en or de-AT"):
        assert words in page
    assert "Nicholas Arndt\nC. Michael Lesher" in page
    assert not Book.objects.exists() and not Author.objects.exists()


def test_what_somebody_changed_meanwhile_is_shown_and_not_lost_unseen(priya: Any) -> None:
    book, client = make_book("Komatiite", ["Ada Writer"], stock=3), browser(priya)
    at = f"/library/books/{book.pk}/edit/"
    version = str(book.version)
    client.post(at, values(stock="9", version=version))

    late = client.post(at, values(stock="4", title="Komatiites", version=version))
    assert late.status_code == 409
    assert "Somebody changed this book while you did" in late.content.decode()
    assert {str(label): words for label, words in late.context["theirs"]} == {"Title": "Komatiite", "In stock": "9"}
    book.refresh_from_db()
    assert (book.title, book.stock) == ("Komatiite", 9)

    client.post(at, values(stock="4", title="Komatiites", version=str(late.context["book"].version)))
    book.refresh_from_db()
    assert (book.title, book.stock) == ("Komatiites", 4)


def test_a_cover_is_set_refused_and_removed(priya: Any) -> None:
    book, client = make_book("Komatiite"), browser(priya)
    at = f"/library/books/{book.pk}/cover/"
    refused = client.post(at, {"file": SimpleUploadedFile("x.png", b"no picture", "image/png")})
    assert refused.status_code == 400 and "Send a PNG, JPEG, WebP or GIF picture." in refused.content.decode()
    assert client.post(at).status_code == 400
    assert client.post(at, {"file": picture()}).status_code == 303
    book.refresh_from_db()
    assert f'src="/api/v1/books/{book.pk}/cover/?v={book.cover}"' in client.get("/library/").content.decode()
    client.post(at, {"remove": "1"})
    book.refresh_from_db()
    assert book.cover == ""


def test_a_book_is_deleted_with_its_reviews(priya: Any) -> None:
    book = make_book("Komatiite")
    assert browser(priya).post(f"/library/books/{book.pk}/delete/")["Location"] == "/library/"
    assert not Book.objects.exists()
