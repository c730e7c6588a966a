"""Authors, publishers and categories over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import NumberedPageCases, check_problem, field_codes
from lyceum.library.testing import make_author, make_book, make_category, make_publisher
from lyceum.search.models import PendingChange

pytestmark = pytest.mark.django_db
BODIES = {"authors": {"last_name": "Lim"}, "publishers": {"name": "Lim"}, "categories": {"name": "Lim"}}


class TestAuthors(NumberedPageCases):
    url = "/api/v1/authors/"
    methods = ("GET", "POST")
    is_open = True

    def test_who_is_not_signed_in_is_asked_to(self, api: APIClient, path: str) -> None:
        assert api.get(path).status_code == 200
        check_problem(api.post(path, {"last_name": "x"}), 401, "not_authenticated")


@pytest.mark.parametrize("kind", BODIES)
def test_staff_add_change_and_remove_and_others_read(
    api: APIClient, alice_api: APIClient, staff_api: APIClient, kind: str
) -> None:
    url = f"/api/v1/{kind}/"
    assert alice_api.post(url, BODIES[kind]).status_code == 403
    made = staff_api.post(url, BODIES[kind])
    path = made["Location"]
    assert api.get(path).json() == made.json()
    field = next(iter(BODIES[kind]))
    for client, status in ((api, 401), (alice_api, 403), (staff_api, 200)):
        assert client.patch(path, {field: "Lem"}).status_code == status
    stale = staff_api.patch(path, {field: "Lom"}, headers={"If-Match": made["ETag"]})
    check_problem(stale, 412, "precondition_failed")
    assert api.get(url).json()["results"][0][field] == "Lem"
    for client, status in ((api, 401), (alice_api, 403), (staff_api, 204)):
        assert client.delete(path).status_code == status
    word = {"authors": "author", "publishers": "publisher", "categories": "category"}[kind]
    acts = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert acts == [f"{word}.created", f"{word}.changed", f"{word}.deleted"]


@pytest.mark.parametrize("kind", ["publishers", "categories"])
def test_a_name_stands_once_however_it_is_written(staff_api: APIClient, kind: str) -> None:
    url = f"/api/v1/{kind}/"
    assert staff_api.post(url, {"name": "Éditions  du Nord"}).status_code == 201
    assert field_codes(staff_api.post(url, {"name": "editions du nord"})) == {("name", "taken")}


def test_two_authors_of_one_name_are_two(staff_api: APIClient) -> None:
    made = [staff_api.post("/api/v1/authors/", {"last_name": "Lim"}).json()["id"] for _ in range(2)]
    assert made[0] != made[1]


def test_what_books_stand_under_is_not_removed(staff_api: APIClient) -> None:
    book = make_book("Maps", ["Ada Lim"], categories=["Geology"], publisher="Field Press")
    shelf = book.categories.get()
    make_category("Ores", shelf)
    empty_above = make_category("Science")
    make_category("Physics", empty_above)
    for path in (
        f"authors/{book.authorships.get().author_id}",
        f"publishers/{book.publisher_id}",
        f"categories/{shelf.pk}",
        f"categories/{empty_above.pk}",
    ):
        check_problem(staff_api.delete(f"/api/v1/{path}/"), 409, "library.still_used")


def test_a_new_name_reaches_the_index_for_every_book_below(staff_api: APIClient) -> None:
    science = make_category("Science")
    one = make_book("Ores", ["Ada Lim"], categories=[make_category("Rocks", science)], publisher="Field Press")
    two = make_book("Maps", ["Ada Lim"], categories=[make_category("Novels")])

    def waiting_after(path: str, body: dict[str, Any]) -> set[Any]:
        PendingChange.objects.all().delete()
        assert staff_api.patch(f"/api/v1/{path}/", body).status_code == 200
        return set(PendingChange.objects.values_list("document_id", flat=True))

    assert waiting_after(f"authors/{make_author('Ada Lim').pk}", {"last_name": "Lem"}) == {one.pk, two.pk}
    assert waiting_after(f"publishers/{make_publisher('Field Press').pk}", {"name": "Press"}) == {one.pk}
    assert waiting_after(f"categories/{science.pk}", {"name": "Sciences"}) == {one.pk}


def test_a_category_moves_but_never_below_itself(staff_api: APIClient, api: APIClient) -> None:
    science = make_category("Science")
    rocks = make_category("Rocks", science)
    path = f"/api/v1/categories/{science.pk}/"
    for parent in (science, rocks):
        assert field_codes(staff_api.patch(path, {"parent": str(parent.pk)})) == {("parent", "invalid")}
    assert field_codes(staff_api.patch(path, {"parent": str(make_book("x").pk)})) == {("parent", "not_found")}
    top = staff_api.patch(f"/api/v1/categories/{rocks.pk}/", {"parent": None})
    assert top.json()["parent"] is None
    assert [one["name"] for one in api.get("/api/v1/categories/", {"parent": "none"}).json()["results"]] == [
        "Rocks",
        "Science",
    ]


def test_names_are_found_by_the_beginning_of_any_word(api: APIClient) -> None:
    for name in ("Ursula Le Guin", "Jörg Müller", "Ada Lim"):
        make_author(name)

    def found(q: str) -> list[str]:
        return [one["full_name"] for one in api.get("/api/v1/authors/", {"q": q}).json()["results"]]

    assert found("gui") == ["Ursula Le Guin"]
    assert found("MULL") == ["Jörg Müller"]
    assert found("l") == ["Ada Lim", "Ursula Le Guin"]
    assert found("im") == []
