"""The catalogue over HTTP: everybody reads it, staff keep it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import BodyCases, NumberedPageCases, check_problem, field_codes
from lyceum.library.models import Book, Category
from lyceum.library.testing import make_author, make_book, make_category, make_publisher
from lyceum.search.models import PendingChange

URL = "/api/v1/books/"
FIELDS = {
    "id", "title", "subtitle", "isbn", "description", "authors", "author", "publisher", "categories", "price",
    "currency", "status", "stock_state", "pages", "publication_date", "publication_year", "language", "cover",
    "average_rating", "review_count", "created_at", "updated_at",
}  # fmt: skip
pytestmark = pytest.mark.django_db


def titles(client: Any, **query: Any) -> list[str]:
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return sorted(book["title"] for book in answer.json()["results"])


class TestList(NumberedPageCases):
    url = URL
    methods = ("GET", "POST")
    is_open = True

    def test_who_is_not_signed_in_is_asked_to(self, api: APIClient, path: str) -> None:
        assert api.get(path).status_code == 200
        check_problem(api.post(path, {"title": "x"}), 401, "not_authenticated")


class TestAdding(BodyCases):
    url = URL
    methods = ("GET", "POST")
    is_open = True
    body = {"title": "Maps"}
    required = ("title",)
    types = {"title": 1, "price": 12.5, "stock": "3", "authors": "x", "publication_date": 2001}

    @pytest.fixture
    def alice_api(self, staff_api: APIClient) -> APIClient:
        return staff_api

    def test_who_is_not_signed_in_is_asked_to(self, api: APIClient, path: str) -> None:
        check_problem(api.post(path, self.body), 401, "not_authenticated")

    def test_the_address_without_a_version_is_the_same_door(self, alice_api: APIClient, path: str) -> None:
        made = alice_api.post("/api/books/", self.body)
        assert made["Location"] == f"{path}{made.json()['id']}/"


def test_a_book_shows_everything_that_the_contract_names(api: APIClient, staff_api: APIClient) -> None:
    author, other = make_author("Ursula K. Le Guin"), make_author("Bo Lim")
    shelf, press = make_category("Novels"), make_publisher("Field Press")
    body = {
        "title": "The Dispossessed",
        "isbn": "0-306-40615-2",
        "authors": [str(author.pk), str(other.pk)],
        "categories": [str(shelf.pk)],
        "publisher": str(press.pk),
        "price": "12.5",
        "stock": 3,
        "publication_date": "1974-05-01",
        "language": "en",
    }
    made = staff_api.post(URL, body)
    assert made.status_code == 201, made.content
    assert made.json()["stock"] == 3
    shown = api.get(f"{URL}{made.json()['id']}/").json()
    assert set(shown) == FIELDS
    assert shown["author"] == "Ursula K. Le Guin, Bo Lim"
    assert shown["authors"][0] == {
        "id": str(author.pk),
        "first_name": "Ursula K. Le",
        "last_name": "Guin",
        "full_name": "Ursula K. Le Guin",
    }
    assert shown["publisher"] == {"id": str(press.pk), "name": "Field Press"}
    assert shown["categories"] == [{"id": str(shelf.pk), "name": "Novels"}]
    told = ("isbn", "price", "currency", "status", "stock_state", "publication_date", "publication_year", "language")
    assert [shown[name] for name in told] == [
        "9780306406157", "12.50", "EUR", "available", "low_stock", "1974-05-01", 1974, "en",
    ]  # fmt: skip
    assert (shown["average_rating"], shown["review_count"]) == (None, 0)
    assert api.get(URL).json()["results"] == [shown]


def test_only_staff_write_and_their_acts_are_recorded(
    api: APIClient, alice_api: APIClient, staff_api: APIClient
) -> None:
    book = make_book("Maps")
    path = f"{URL}{book.pk}/"
    for client, status in ((api, 401), (alice_api, 403)):
        assert client.post(URL, {"title": "x"}).status_code == status
        assert client.patch(path, {"title": "x"}).status_code == status
        assert client.delete(path).status_code == status
    assert staff_api.patch(path, {"title": "Atlas"}).json()["title"] == "Atlas"
    assert staff_api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    entries = AuditEntry.objects.order_by("id")
    assert [(one.action, one.detail) for one in entries] == [
        ("book.changed", {"fields": ["title"]}),
        ("book.deleted", {}),
    ]


def test_every_change_waits_for_the_index(staff_api: APIClient) -> None:
    made = staff_api.post(URL, {"title": "Maps"}).json()["id"]
    staff_api.patch(f"{URL}{made}/", {"stock": 4})
    staff_api.delete(f"{URL}{made}/")
    assert [str(row.document_id) for row in PendingChange.objects.all()] == [made] * 3


def test_a_change_holds_only_against_the_state_that_was_read(staff_api: APIClient) -> None:
    path = f"{URL}{make_book('Maps').pk}/"
    tag = staff_api.get(path)["ETag"]
    assert staff_api.patch(path, {"stock": 4}, headers={"If-Match": tag}).status_code == 200
    check_problem(staff_api.patch(path, {"stock": 5}, headers={"If-Match": tag}), 412, "precondition_failed")
    check_problem(staff_api.delete(path, headers={"If-Match": tag}), 412, "precondition_failed")
    assert Book.objects.get().stock == 4


def test_a_book_is_made_once_for_one_key(staff_api: APIClient) -> None:
    answers = [staff_api.post(URL, {"title": "Maps"}, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Book.objects.count() == 1


def test_every_fault_of_a_book_is_told_at_once(staff_api: APIClient) -> None:
    make_book("Taken", isbn="9780306406157")
    nobody = "01a20a8c-3f00-7000-8000-000000000000"
    wrong = {"title": "x", "isbn": "9780306406157", "authors": [nobody], "publisher": nobody, "categories": [nobody]}
    assert field_codes(staff_api.post(URL, wrong)) == {
        ("isbn", "taken"),
        ("authors.0", "not_found"),
        ("publisher", "not_found"),
        ("categories.0", "not_found"),
    }
    malformed = {"title": "x", "isbn": "9780306406158", "price": "-1", "currency": "eur", "stock": -1, "language": "?"}
    malformed |= {"publication_date": "2001-02-30", "status": "lost"}
    assert {field for field, _ in field_codes(staff_api.post(URL, malformed))} == set(malformed) - {"title"}


def test_a_book_may_have_no_isbn(staff_api: APIClient) -> None:
    for nothing in ("", None):
        assert staff_api.post(URL, {"title": "Maps", "isbn": nothing}).json()["isbn"] is None


def test_a_year_alone_is_no_day(staff_api: APIClient) -> None:
    made = staff_api.post(URL, {"title": "Iliad", "publication_year": -750}).json()
    assert (made["publication_date"], made["publication_year"]) == (None, -750)
    path = f"{URL}{made['id']}/"
    assert staff_api.patch(path, {"publication_date": "1999-03-04"}).json()["publication_year"] == 1999
    assert staff_api.patch(path, {"publication_year": 1998}).json()["publication_date"] is None
    both = {"publication_date": "1999-03-04", "publication_year": 1998}
    assert field_codes(staff_api.patch(path, both)) == {("publication_year", "invalid")}


def test_drafts_and_withdrawn_books_are_there_for_staff_alone(api: APIClient, staff_api: APIClient) -> None:
    book = make_book("Maps")
    make_book("Draft", status="draft")
    path = f"{URL}{book.pk}/"
    assert (titles(api), titles(staff_api)) == (["Maps"], ["Draft", "Maps"])
    staff_api.patch(path, {"status": "withdrawn"})
    for address in (path, f"{path}cover/", f"{path}reviews/"):
        assert api.get(address).status_code == 404
    assert titles(staff_api, status="withdrawn") == ["Maps"]


def test_the_catalogue_may_be_closed_to_strangers(api: APIClient, alice_api: APIClient, settings: Any) -> None:
    path = f"{URL}{make_book('Maps').pk}/"
    settings.PUBLIC_READ = False
    for address in (URL, path, f"{path}cover/", f"{path}reviews/", "/api/v1/authors/"):
        check_problem(api.get(address), 401, "not_authenticated")
        assert alice_api.get(address).status_code == 200


@pytest.fixture
def shelves() -> dict[str, Category]:
    science = make_category("Science")
    found = {"science": science, "rocks": make_category("Rocks", science), "novels": make_category("Novels")}
    make_book("Ores", ["Ada Lim"], categories=[found["rocks"]], price="9.99", publication_year=1990, language="en")
    make_book("Stars", ["Bo Ek"], categories=[science], price="30.00", publication_year=2005, language="de")
    make_book("Tales", ["Ada Lim", "Bo Ek"], categories=[found["novels"]], price=None, publication_year=2020)
    return found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"category": "science"}, ["Ores", "Stars"]),
        ({"category": ["rocks", "Novels"]}, ["Ores", "Tales"]),
        ({"category": "nowhere"}, []),
        ({"author": "ADA LIM"}, ["Ores", "Tales"]),
        ({"author": "Ada Lim", "language": "en"}, ["Ores"]),
        ({"language": ["en", "de"]}, ["Ores", "Stars"]),
        ({"price_min": "9.99", "price_max": "20"}, ["Ores"]),
        ({"price_min": "10"}, ["Stars"]),
        ({"year_min": 1991}, ["Stars", "Tales"]),
        ({"year_max": 2005, "year_min": 1990}, ["Ores", "Stars"]),
        ({"status": "forthcoming"}, []),
    ],
)
def test_lists_are_narrowed(api: APIClient, shelves: Any, query: dict[str, Any], found: list[str]) -> None:
    assert titles(api, **query) == found


def test_names_and_ids_narrow_alike(api: APIClient, shelves: dict[str, Category]) -> None:
    assert titles(api, category=str(shelves["science"].pk)) == titles(api, category="Science")
    ada = make_author("Ada Lim")
    assert titles(api, author=str(ada.pk)) == titles(api, author="Ada Lim")


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("title", ["Ores", "Stars", "Tales"]),
        ("-title", ["Tales", "Stars", "Ores"]),
        ("price", ["Ores", "Stars", "Tales"]),
        ("-price", ["Stars", "Ores", "Tales"]),
        ("-year", ["Tales", "Stars", "Ores"]),
        ("-created_at", ["Tales", "Stars", "Ores"]),
    ],
)
def test_lists_are_ordered_and_what_has_no_value_stands_last(
    api: APIClient, shelves: Any, order: str, found: list[str]
) -> None:
    assert [book["title"] for book in api.get(URL, {"order": order}).json()["results"]] == found


def test_every_fault_of_a_query_is_told(api: APIClient) -> None:
    query = {"price_min": "cheap", "year_max": "soon", "status": "lost", "author": "x" * 201}
    assert {field for field, _ in field_codes(api.get(URL, query))} == set(query)
    assert field_codes(api.get(URL, {"order": "isbn"})) == {("order", "invalid")}


def test_links_keep_the_filters(api: APIClient, shelves: Any) -> None:
    first = api.get(URL, {"category": ["science", "novels"], "page_size": 2, "order": "title"}).json()
    second = api.get(first["next"]).json()
    assert [book["title"] for book in first["results"] + second["results"]] == ["Ores", "Stars", "Tales"]
    assert api.get(second["previous"]).json() == first


def test_a_page_costs_as_many_queries_for_two_books_as_for_twenty(
    api: APIClient, shelves: Any, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        make_book(f"Book {number}", ["Ada Lim", f"Author {number}"], categories=["Novels", f"Shelf {number}"])
    for size in (2, 20):
        with django_assert_num_queries(5):
            api.get(URL, {"page_size": size})
