"""Categories suggested for books without any; staff decide."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem
from lyceum.library import category_figures, suggestions
from lyceum.library.likely import LEAST_SCORE, Example
from lyceum.library.models import Book, CategorySuggestion
from lyceum.library.testing import make_book

URL = "/api/v1/categories/suggestions/"
ROCKS = ("Gold deposits of the shield", "Minerals under the microscope", "Structure of folded rocks", "Granite and ore")
COOKING = ("Bread and butter", "Soups for winter", "Cooking with herbs", "The vegetable kitchen")
pytestmark = pytest.mark.django_db


@pytest.fixture
def bare() -> Book:
    for title in ROCKS:
        make_book(title, categories=["Geology"])
    for title in COOKING:
        make_book(title, categories=["Cooking"])
    return make_book("Nickel ore in old rocks", description="How metals come into granite and gneiss.")


def test_a_book_is_suggested_where_its_like_stand(bare: Book) -> None:
    assert suggestions.suggest() >= 1
    best = suggestions.open_suggestions()[0]
    assert (best.book, best.category.name) == (bare, "Geology")
    assert LEAST_SCORE <= best.score <= 1
    assert suggestions.suggest() == 0, "what waits already is not suggested again"


def test_staff_put_the_book_there(bare: Book, alice_api: APIClient, staff_api: APIClient, api: APIClient) -> None:
    suggestions.suggest()
    row = suggestions.open_suggestions()[0]
    accept = f"{URL}{row.pk}/accept/"
    for client, status in ((api, 401), (alice_api, 403)):
        assert client.get(URL).status_code == client.post(accept).status_code == status
    [shown, *_] = staff_api.get(URL).json()["results"]
    assert (shown["book"]["title"], shown["category"]["name"], shown["score"]) == (bare.title, "Geology", row.score)
    taken = staff_api.post(accept)
    assert [one["name"] for one in taken.json()["categories"]] == ["Geology"]
    assert staff_api.get(URL).json()["count"] == 0
    check_problem(staff_api.post(accept), 404, "not_found")
    assert AuditEntry.objects.get().action == "book.changed"


def test_what_was_refused_is_not_suggested_again(bare: Book, staff_api: APIClient) -> None:
    suggestions.suggest()
    for row in suggestions.open_suggestions():
        assert staff_api.delete(f"{URL}{row.pk}/").status_code == 204
    assert suggestions.suggest() == 0
    assert staff_api.get(URL).json()["count"] == 0


def test_staff_have_them_made_when_they_like(bare: Book, staff_api: APIClient, jobs: Any) -> None:
    answer = staff_api.post(URL)
    assert answer.status_code == 202
    assert isinstance(answer.json()["job"], int)


def test_staff_decide_for_several_in_the_admin(bare: Book, priya: Any) -> None:
    other = make_book("Ore under the lake", description="Gold and nickel in the rocks.")
    suggestions.suggest()
    client = Client(headers={"Accept": "text/html"})
    client.force_login(priya)
    page = reverse("admin:library_categorysuggestion_changelist")
    rows = [str(row.pk) for row in suggestions.open_suggestions()]
    assert client.post(page, {"action": "accept", "_selected_action": rows}).status_code == 302
    assert [list(book.categories.values_list("name", flat=True)) for book in (bare, other)] == [["Geology"]] * 2
    assert not CategorySuggestion.objects.exists()


def test_figures_are_those_of_books_held_out() -> None:
    examples = [Example(title, {"Geology"}) for title in ROCKS] + [Example(title, {"Cooking"}) for title in COOKING]
    found = category_figures.measure(examples)
    assert found.first >= 0.75 > found.fullest_first
    assert sum(count for _, _, count, _ in found.bands) == len(examples)
    assert "first suggestion right" in "\n".join(category_figures.sentences(examples, found))
