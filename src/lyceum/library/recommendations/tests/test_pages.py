from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lyceum.library.models import Book
from lyceum.library.recommendations import showings, versions
from lyceum.library.recommendations.models import Dismissal, Showing

pytestmark = pytest.mark.django_db
Catalogue = dict[str, list[Book]]
SHELF = "/library/shelf/"


def browser(person: Any) -> Client:
    found = Client()
    found.force_login(person)
    return found


def test_a_stranger_signs_in_first(client: Client) -> None:
    answer = client.get(SHELF)
    assert (answer.status_code, answer["Location"].startswith("/sign-in/")) == (302, True)


def test_the_shelf_says_why_each_book_is_there(alice: Any, catalogue: Catalogue, rate: Callable[..., None]) -> None:
    versions.train()
    page = browser(alice)
    text = page.get(SHELF).content.decode()
    assert "Popular in Geology" in text
    assert "Rate a book that you know" in text
    rate(alice, catalogue["Geology"][0])
    text = page.get(SHELF).content.decode()
    assert "Because you liked Geology 0" in text
    assert "Rate a book that you know" not in text
    assert showings.record_waiting() == 2


def test_opening_a_book_from_the_shelf_is_counted(alice: Any, catalogue: Catalogue) -> None:
    book = catalogue["Geology"][0]
    answer = browser(alice).get(f"{SHELF}{book.pk}/open/")
    assert (answer.status_code, answer["Location"]) == (302, f"/library/books/{book.pk}/")
    assert Showing.objects.get(user=alice, book=book).clicked_at is not None


def test_a_book_can_be_taken_off_and_put_back(
    alice: Any, catalogue: Catalogue, django_capture_on_commit_callbacks: Any
) -> None:
    page, book = browser(alice), catalogue["Geology"][0]
    link = f"{SHELF}{book.pk}/open/"
    assert link in page.get(SHELF).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = page.post(f"{SHELF}{book.pk}/dismiss/")
    assert (answer.status_code, answer["Location"]) == (303, SHELF)
    text = page.get(SHELF).content.decode()
    assert link not in text
    assert f"{SHELF}{book.pk}/restore/" in text
    with django_capture_on_commit_callbacks(execute=True):
        part = page.post(f"{SHELF}{book.pk}/restore/", headers={"HX-Request": "true"})
    assert not Dismissal.objects.exists()
    assert "may be recommended again" in part.content.decode()


def test_an_empty_library_has_an_empty_shelf(alice: Any) -> None:
    assert "Nothing to recommend yet" in browser(alice).get(SHELF).content.decode()


def test_staff_see_what_came_of_it_and_others_do_not(alice: Any, priya: Any, catalogue: Catalogue) -> None:
    address = "/library/recommendations/"
    assert browser(alice).get(address).status_code == 403
    page = browser(priya)
    assert "There is none yet" in page.get(address).content.decode()
    versions.train()
    for place, book in enumerate(catalogue["Geology"]):
        clicked = timezone.now() if place < 2 else None
        Showing.objects.create(user=alice, book=book, variant="recent", model="x", clicked_at=clicked)
    text = page.get(address, {"days": "7"}).content.decode()
    assert "The last 7 days" in text
    assert "25.0 % (" in text
    assert "blend-" in text
