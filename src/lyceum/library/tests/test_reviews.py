"""Reviews over HTTP: one of each reader for a book."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.core.events import forget, on
from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.library import reviews
from lyceum.library.contracts import ReviewRemoved, ReviewWritten
from lyceum.library.models import Book, Review
from lyceum.library.testing import make_book
from lyceum.search.models import PendingChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def book() -> Book:
    return make_book("Maps")


@pytest.fixture
def url(book: Book) -> str:
    return f"/api/v1/books/{book.pk}/reviews/"


def figures(client: APIClient, book: Book) -> tuple[int, float | None]:
    found = client.get(f"/api/v1/books/{book.pk}/").json()
    return found["review_count"], found["average_rating"]


def test_a_reader_reviews_and_everybody_reads_it(api: APIClient, alice: Any, alice_api: APIClient, url: str) -> None:
    check_problem(api.post(url, {"rating": 5}), 401, "not_authenticated")
    made = alice_api.post(url, {"rating": 5, "text": "Fine maps."})
    assert made.status_code == 201
    [shown] = api.get(url).json()["results"]
    assert shown == {**made.json(), "mine": False}
    assert shown["reader"] == {"id": str(alice.pk), "name": "Alice Tester"}
    assert (shown["rating"], shown["text"], made.json()["mine"]) == (5, "Fine maps.", True)
    assert api.get(made["Location"]).json() == shown


def test_saying_it_again_counts_once(alice_api: APIClient, bob_api: APIClient, book: Book, url: str) -> None:
    alice_api.post(url, {"rating": 5, "text": "Fine."})
    bob_api.post(url, {"rating": 2})
    again = alice_api.post(url, {"rating": 4})
    assert again.status_code == 200
    assert figures(bob_api, book) == (2, 3.0)
    edited = alice_api.patch(f"{url}{again.json()['id']}/", {"rating": 1})
    assert (edited.status_code, edited.json()["rating"]) == (200, 1)
    assert figures(bob_api, book) == (2, 1.5)


def test_one_changes_and_takes_back_ones_own_alone(
    alice_api: APIClient, bob_api: APIClient, staff_api: APIClient, book: Book, url: str
) -> None:
    path = alice_api.post(url, {"rating": 5})["Location"]
    for client in (bob_api, staff_api):
        check_problem(client.patch(path, {"rating": 1}), 404, "not_found")
    check_problem(bob_api.delete(path), 404, "not_found")
    assert alice_api.delete(path).status_code == 204
    assert figures(bob_api, book) == (0, None)
    assert not AuditEntry.objects.exists()


def test_staff_delete_any_review_and_it_is_recorded(
    alice_api: APIClient, staff_api: APIClient, book: Book, url: str
) -> None:
    path = alice_api.post(url, {"rating": 1, "text": "Advertising."})["Location"]
    assert staff_api.delete(path).status_code == 204
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["review.deleted"]


def test_reviews_have_bounds_and_states(alice_api: APIClient, url: str) -> None:
    for rating in (0, 6, "5", 4.5, None):
        assert {field for field, _ in field_codes(alice_api.post(url, {"rating": rating}))} == {"rating"}
    made = alice_api.post(url, {"rating": 4})
    assert alice_api.patch(made["Location"], {"rating": 3}, headers={"If-Match": made["ETag"]}).status_code == 200
    stale = alice_api.patch(made["Location"], {"rating": 2}, headers={"If-Match": made["ETag"]})
    check_problem(stale, 412, "precondition_failed")


def test_what_is_not_out_yet_is_not_reviewed(alice_api: APIClient) -> None:
    coming, draft = make_book("Soon", status="forthcoming"), make_book("Draft", status="draft")
    answer = alice_api.post(f"/api/v1/books/{coming.pk}/reviews/", {"rating": 5})
    check_problem(answer, 409, "library.not_reviewable")
    check_problem(alice_api.post(f"/api/v1/books/{draft.pk}/reviews/", {"rating": 5}), 404, "not_found")


def test_ratings_from_elsewhere_have_a_name_and_a_source(api: APIClient, book: Book, url: str) -> None:
    Review.objects.create(book=book, source="goodbooks", reader="29403", rating=5)
    [shown] = api.get(url).json()["results"]
    assert (shown["reader"], shown["source"]) == ({"id": None, "name": "29403"}, "goodbooks")


def test_reviews_are_told_to_others_and_to_the_index(
    alice: Any, book: Book, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Any] = []
    for kind in (ReviewWritten, ReviewRemoved):
        on(kind)(told.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            row, _ = reviews.write_review(alice, book.pk, rating=5)
            reviews.write_review(alice, book.pk, rating=4)
            reviews.delete_review(alice, row.pk, book_id=book.pk)
    finally:
        for kind in (ReviewWritten, ReviewRemoved):
            forget(kind, told.append)
    assert [(type(one).__name__, getattr(one, "rating", None), getattr(one, "is_new", None)) for one in told] == [
        ("ReviewWritten", 5, True),
        ("ReviewWritten", 4, False),
        ("ReviewRemoved", None, None),
    ]
    assert PendingChange.objects.filter(document_id=book.pk).count() == 3
