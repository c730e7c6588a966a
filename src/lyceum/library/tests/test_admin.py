"""The catalogue in Django's admin: what is saved there is found, recorded and bound as everywhere."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lyceum.core.models import AuditEntry
from lyceum.library.models import Book, Category, Publisher, Review
from lyceum.library.testing import make_author, make_book, make_category, make_publisher
from lyceum.search.models import PendingChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_staff(priya: Any, settings: Any) -> Client:
    settings.ADMIN_SECOND_FACTOR = False
    client = Client(headers={"Accept": "text/html"})
    client.force_login(priya)
    return client


def address(row: Any, page: str = "change") -> str:
    return reverse(f"admin:library_{row._meta.model_name}_{page}", args=[row.pk])


def book_form(book: Book | None, *authors: Any, **changes: Any) -> dict[str, Any]:
    links = list(book.authorships.all()) if book else []
    rows = {"authorships-TOTAL_FORMS": len(links) + len(authors), "authorships-INITIAL_FORMS": len(links)}
    for place, link in enumerate(links):
        rows |= {f"authorships-{place}-id": link.pk, f"authorships-{place}-book": link.book_id}
        rows |= {f"authorships-{place}-author": link.author_id, f"authorships-{place}-place": link.place}
    for place, author in enumerate(authors, start=len(links)):
        rows |= {f"authorships-{place}-author": author.pk, f"authorships-{place}-place": place}
    rows |= {"origins-TOTAL_FORMS": 0, "origins-INITIAL_FORMS": 0}
    plain = {"title": "Maps", "currency": "EUR", "status": "available", "stock": 3, "price": "9.00", "language": "en"}
    return {**plain, "seen_version": book.version if book else 1, **rows, **changes}


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_a_book_is_added_changed_and_deleted(at_staff: Client) -> None:
    shelf, press, author = make_category("Geology"), make_publisher("Press"), make_author("Ada Lim")
    more = {"categories": [str(shelf.pk)], "publisher": str(press.pk), "isbn": "0-306-40615-2"}
    more |= {"publication_date": "2008-09-14"}
    made = at_staff.post(reverse("admin:library_book_add"), book_form(None, author, **more))
    assert made.status_code == 302, made.context["errors"]
    book = Book.objects.get()
    assert (book.isbn, book.author, book.publication_year, str(book.publisher)) == (
        "9780306406157",
        "Ada Lim",
        2008,
        "Press",
    )
    assert PendingChange.objects.count() == 1
    more |= {"isbn": book.isbn, "publication_year": 2008}
    changed = at_staff.post(address(book), book_form(book, make_author("Bo Ek"), stock=8, **more))
    assert changed.status_code == 302, changed.context["errors"]
    book.refresh_from_db()
    assert (book.stock, book.author, book.version) == (8, "Ada Lim, Bo Ek", 2)
    assert AuditEntry.objects.order_by("id").last().detail == {"fields": ["authors", "stock"]}  # type: ignore[union-attr]
    assert at_staff.post(address(book, "delete"), {"post": "yes"}).status_code == 302
    assert acts() == ["book.created", "book.changed", "book.deleted"]
    assert PendingChange.objects.count() == 3


def test_a_page_that_is_older_than_the_book_changes_nothing(at_staff: Client) -> None:
    book = make_book("Maps", stock=3)
    old = book_form(book, stock=99)
    Book.objects.update(version=2)
    answer = at_staff.post(address(book), old)
    assert "changed meanwhile" in answer.content.decode()
    assert Book.objects.get().stock == 3


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("isbn", "9780306406158", "check digit"),
        ("currency", "eur", "ISO 4217"),
        ("stock", "-1", "greater than or equal"),
        ("language", "?", "de-AT"),
    ],
)
def test_what_no_book_can_be_is_told_in_the_form(at_staff: Client, field: str, value: str, word: str) -> None:
    book = make_book("Maps")
    answer = at_staff.post(address(book), book_form(book, **{field: value}))
    assert answer.status_code == 200
    assert word in answer.content.decode()


def test_names_are_kept_and_their_books_are_found_by_them(at_staff: Client) -> None:
    book = make_book("Maps", categories=["Geology"], publisher="Press")
    shelf = book.categories.get()
    made = at_staff.post(reverse("admin:library_category_add"), {"name": "Ores", "parent": str(shelf.pk)})
    assert (made.status_code, Category.objects.get(name="Ores").parent) == (302, shelf)
    answer = at_staff.post(address(shelf), {"name": "Earth", "parent": "", "seen_version": 1})
    assert answer.status_code == 302, answer.context["errors"]
    assert [row.document_id for row in PendingChange.objects.all()] == [book.pk]
    assert acts() == ["category.created", "category.changed"]
    taken = at_staff.post(reverse("admin:library_publisher_add"), {"name": "PRESS"})
    assert "one of this name" in taken.content.decode()
    below_itself = {"name": "Earth", "parent": str(Category.objects.get(name="Ores").pk), "seen_version": 2}
    assert "below itself" in at_staff.post(address(shelf), below_itself).content.decode()
    assert at_staff.post(address(shelf, "delete"), {"post": "yes"}).status_code == 403
    assert at_staff.post(address(make_publisher("Empty"), "delete"), {"post": "yes"}).status_code == 302
    assert not Publisher.objects.filter(name="Empty").exists()


def test_reviews_are_looked_at_and_taken_away_and_never_rewritten(at_staff: Client, alice: Any) -> None:
    review = Review.objects.create(book=make_book("Maps"), user=alice, rating=1, text="Advertising.")
    assert "Advertising." in at_staff.get(address(review)).content.decode()
    assert at_staff.post(address(review), {"text": "Mine", "rating": 5}).status_code == 403
    assert at_staff.post(address(review, "delete"), {"post": "yes"}).status_code == 302
    assert not Review.objects.exists()
    assert acts() == ["review.deleted"]


def test_lists_cost_a_fixed_number_of_queries(at_staff: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        make_book(f"Book {number}", categories=[make_category(f"Shelf {number}")], publisher=f"Press {number}")
    for name in ("book", "author", "publisher", "category", "review"):
        with django_assert_max_num_queries(12):
            assert at_staff.get(reverse(f"admin:library_{name}_changelist")).status_code == 200
