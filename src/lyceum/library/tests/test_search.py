"""Search in the catalogue over HTTP, on the engine that is built in."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from lyceum.core.testing.api_cases import DoorCases, check_problem, field_codes
from lyceum.library import liking
from lyceum.library.models import Book, Category, Review
from lyceum.library.testing import fill_index, make_book, make_category

URL = "/api/v1/search/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Path) -> None:
    settings.SEARCH_DIR = tmp_path / "search"


def rate(book: Book, *marks: int) -> None:
    Review.objects.bulk_create(
        Review(book=book, source="x", reader=str(number), rating=mark) for number, mark in enumerate(marks)
    )


@pytest.fixture
def shelves() -> dict[str, Any]:
    science = make_category("Science")
    rocks = make_category("Rocks", science)
    novels = make_category("Novels")
    books = {
        "ores": make_book(
            "Ore deposits of the world",
            ["Ada Lim"],
            categories=[rocks],
            price="9.99",
            publication_year=1990,
            language="en",
            description="How gold and nickel came into the rock.",
        ),
        "field": make_book(
            "The geologist's field guide",
            ["Bo Ek"],
            categories=[rocks],
            price="30.00",
            publication_year=2005,
            language="en",
            description="Mapping deposits of ore with hammer and compass.",
        ),
        "erze": make_book(
            "Lagerstätten der Erze",
            ["Jörg Müller"],
            categories=[science],
            price="55.00",
            publication_year=2015,
            language="de",
            description="Wie das Gold in die Gesteine kam.",
        ),
        "tale": make_book(
            "A tale of rivers",
            ["Ursula K. Le Guin"],
            categories=[novels],
            price="12.00",
            publication_year=2020,
            language="en",
            description="Somebody goes down a river and comes back another.",
        ),
        "draft": make_book("Ore drafts", status="draft"),
    }
    rate(books["field"], 5, 5, 4)
    rate(books["ores"], 3)
    fill_index()
    return {**books, "science": science, "novels": novels}


def asked(client: APIClient, **query: Any) -> Any:
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def titles(client: APIClient, **query: Any) -> list[str]:
    return [hit["title"] for hit in asked(client, **query)["results"]]


class TestSearchDoor(DoorCases):
    url = URL
    is_open = True

    @pytest.fixture
    def path(self) -> str:
        fill_index()
        return URL


def test_an_answer_has_all_that_the_contract_names(api: APIClient, shelves: Any) -> None:
    found = asked(api, q="ore deposits")
    assert set(found) == {"count", "page", "size", "results", "facets", "cursor", "took"}
    assert (found["count"], found["page"], found["size"]) == (2, 1, 20)
    hit = next(hit for hit in found["results"] if hit["title"].startswith("Ore"))
    assert set(hit) == {
        "id", "title", "author", "price", "currency", "average_rating", "review_count", "categories", "score",
        "highlights",
    }  # fmt: skip
    assert (hit["author"], hit["price"], hit["average_rating"], hit["review_count"]) == ("Ada Lim", "9.99", 3.0, 1)
    assert [one["name"] for one in hit["categories"]] == ["Rocks"]
    assert "<mark>Ore deposits</mark>" in hit["highlights"]["title"]
    assert set(found["facets"]) == {"categories", "price_ranges", "ratings", "languages", "years"}


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("geologist field guides", "The geologist's field guide"),
        ("geologists", "The geologist's field guide"),
        ("le guin", "A tale of rivers"),
        ("author:muller", "Lagerstätten der Erze"),
        ("lagerstatten", "Lagerstätten der Erze"),
        ("depositz of the wrld", "Ore deposits of the world"),
        ('"tale of rivers"', "A tale of rivers"),
        ("ore -hammer", "Ore deposits of the world"),
        ("category:novels", "A tale of rivers"),
        ("gold year:>2000", "Lagerstätten der Erze"),
        ("price:<10", "Ore deposits of the world"),
    ],
)
def test_what_people_type_finds_the_book(api: APIClient, shelves: Any, q: str, first: str) -> None:
    assert titles(api, q=q)[:1] == [first]


def test_nothing_typed_lists_everything_the_most_popular_first(api: APIClient, shelves: Any) -> None:
    found = asked(api)
    assert (found["count"], found["results"][0]["title"]) == (4, "The geologist's field guide")


def test_drafts_are_found_by_staff_alone(api: APIClient, staff_api: APIClient, shelves: Any) -> None:
    assert "Ore drafts" not in titles(api, q="ore drafts")
    assert titles(staff_api, q="ore drafts")[0] == "Ore drafts"
    assert asked(api)["count"] == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"category": "science"}, {"ores", "field", "erze"}),
        ({"author": "müller"}, {"erze"}),
        ({"author": "Ursula"}, {"tale"}),
        ({"language": "en", "price_max": "12"}, {"ores", "tale"}),
        ({"price_min": "12", "price_max": "30"}, {"field", "tale"}),
        ({"rating_min": "4"}, {"field"}),
        ({"year_min": 2005, "year_max": 2015}, {"field", "erze"}),
        ({"status": "out_of_print"}, set()),
    ],
)
def test_filters_narrow(api: APIClient, shelves: dict[str, Any], query: dict[str, Any], found: set[str]) -> None:
    assert set(titles(api, **query)) == {shelves[name].title for name in found}


def counts(facet: list[dict[str, Any]], name: str) -> dict[Any, int]:
    return {one[name]: one["count"] for one in facet}


def test_facets_count_under_the_other_filters_and_not_under_their_own(api: APIClient, shelves: Any) -> None:
    facets = asked(api)["facets"]
    assert counts(facets["categories"], "name") == {"Science": 3, "Rocks": 2, "Novels": 1}
    assert [(one["range"], one["from"], one["to"], one["count"]) for one in facets["price_ranges"]] == [
        ("0-10", 0, 10, 1),
        ("10-25", 10, 25, 1),
        ("25-50", 25, 50, 1),
        ("50+", 50, None, 1),
    ]
    assert counts(facets["ratings"], "rating") == {5: 0, 4: 1, 3: 2, 2: 2, 1: 2}
    assert counts(facets["languages"], "language") == {"en": 3, "de": 1}
    assert counts(facets["years"], "year") == {2020: 1, 2015: 1, 2005: 1, 1990: 1}

    narrowed = asked(api, category="novels", language="en")["facets"]
    assert counts(narrowed["categories"], "name") == {"Science": 2, "Rocks": 2, "Novels": 1}
    assert counts(narrowed["languages"], "language") == {"en": 1}
    assert counts(narrowed["years"], "year") == {2020: 1}


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("price_asc", ["ores", "tale", "field", "erze"]),
        ("price", ["ores", "tale", "field", "erze"]),
        ("price_desc", ["erze", "field", "tale", "ores"]),
        ("date", ["tale", "erze", "field", "ores"]),
    ],
)
def test_answers_are_sorted(api: APIClient, shelves: dict[str, Any], sort: str, found: list[str]) -> None:
    assert titles(api, sort=sort) == [shelves[name].title for name in found]
    assert titles(api, sort="rating")[:2] == [shelves[name].title for name in ("field", "ores")]
    assert titles(api, sort="popular")[:2] == [shelves[name].title for name in ("field", "ores")]


def test_pages_and_cursors_go_through_everything_once(api: APIClient, shelves: Any) -> None:
    pages = [titles(api, sort="price", size=3, page=number) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [3, 1, 0]
    first = asked(api, sort="price", size=3)
    second = asked(api, sort="price", size=3, cursor=first["cursor"])
    assert [hit["title"] for hit in second["results"]] == pages[1]
    assert second["cursor"] is None
    check_problem(api.get(URL, {"cursor": "x"}), 400, "search.wrong_cursor")


def test_what_was_meant_is_said_where_nothing_is_found(api: APIClient, shelves: Any) -> None:
    found = asked(api, q="keologist")
    assert (found["count"], found["did_you_mean"]) == (0, "geologist")


def test_every_fault_of_a_question_is_told(api: APIClient) -> None:
    for query, field in (
        ({"sort": "colour"}, "sort"),
        ({"size": 101}, "size"),
        ({"page": 0}, "page"),
        ({"rating_min": "good"}, "rating_min"),
        ({"ranking": "best"}, "ranking"),
        ({"q": "x" * 1001}, "q"),
    ):
        assert {name for name, _ in field_codes(api.get(URL, query))} == {field}


def test_without_an_index_search_is_away_and_says_so(api: APIClient) -> None:
    answer = api.get(URL, {"q": "x"})
    check_problem(answer, 503, "search.unavailable")


def test_titles_are_offered_while_somebody_types(api: APIClient, shelves: Any) -> None:
    def offered(q: str) -> Any:
        return api.get(f"{URL}autocomplete/", {"q": q}).json()

    rate(make_book("Ore bodies"), 5, 5, 5, 5)
    fill_index()
    assert offered("o") == offered("") == []
    assert offered("ore") == ["Ore bodies", "Ore deposits of the world"]
    assert offered("geologsts f") == ["The geologist's field guide"]
    assert offered("lagerst") == ["Lagerstätten der Erze"]


def test_like_one_book_are_others_of_its_matter(api: APIClient, shelves: dict[str, Any]) -> None:
    found = api.get(f"{URL}similar/", {"book_id": str(shelves["ores"].pk)})
    assert found.status_code == 200
    alike = [hit["title"] for hit in found.json()]
    assert "The geologist's field guide" in alike
    assert shelves["ores"].title not in alike
    assert field_codes(api.get(f"{URL}similar/")) == {("book_id", "required")}
    assert field_codes(api.get(f"{URL}similar/", {"book_id": "x"})) == {("book_id", "invalid")}
    for hidden in (shelves["draft"].pk, "01a20a8c-3f00-7000-8000-000000000000"):
        check_problem(api.get(f"{URL}similar/", {"book_id": str(hidden)}), 404, "not_found")


def test_popularity_lifts_a_book_among_equals_and_can_be_turned_off(api: APIClient) -> None:
    plain, loved = make_book("Maps of the north"), make_book("Maps of the north and of the south coast")
    rate(loved, *[5] * 60)
    fill_index()
    assert titles(api, q="maps of the north", ranking="text") == [plain.title, loved.title]
    assert titles(api, q="maps of the north") == [loved.title, plain.title]
    with override_settings(SEARCH_SECOND_PASS=False):
        assert titles(api, q="maps of the north") == [plain.title, loved.title]


def test_what_a_reader_rated_before_counts(api: APIClient, alice: Any, alice_api: APIClient) -> None:
    one, two = make_book("Rivers", ["Ada Lim"]), make_book("Rivers", ["Bo Ek"])
    Review.objects.create(book=make_book("Hills", ["Bo Ek"]), user=alice, rating=5)
    Review.objects.create(book=make_book("Dales", ["Ada Lim"]), user=alice, rating=1)
    fill_index()
    found = asked(alice_api, q="rivers")["results"]
    assert [hit["id"] for hit in found] == [str(two.pk), str(one.pk)]
    scores = {hit["score"] for hit in asked(api, q="rivers")["results"]}
    assert len(scores) == 1


def test_leanings_are_shares_and_strangers_are_undecided() -> None:
    leaning = liking.leanings([(5, ["ada"]), (5, ["ada"]), (1, ["bo"])])
    assert liking.share(leaning, ["ada"]) > 0.7 > liking.UNDECIDED > liking.share(leaning, ["bo"])
    assert liking.share(leaning, ["cy"]) == liking.share({}, ["ada"]) == liking.UNDECIDED
    every = [liking.share(liking.leanings([(mark, ["x"])] * 99), ["x"]) for mark in (1, 5)]
    assert 0 <= every[0] < every[1] <= 1


def test_what_no_word_finds_is_found_by_its_meaning(api: APIClient, settings: Any) -> None:
    settings.EMBEDDINGS = "wordllama"
    make_book("Fire mountains", description="Of volcanoes, and of those who live on their slopes.", price="5.00")
    make_book("Bread", description="Flour, water and salt.")
    fill_index(with_meaning=True)
    found = asked(api, q="eruption of magma")
    assert found["results"][0]["title"] == "Fire mountains"
    assert found["count"] >= len(found["results"])
    assert titles(api, q="eruption of magma", mode="lexical") == []
    assert titles(api, q="eruption of magma", price_max="1") == []
    assert field_codes(api.get(URL, {"mode": "vectors"})) == {("mode", "invalid")}


def test_a_search_costs_a_fixed_number_of_queries(
    api: APIClient, shelves: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        make_book(f"Ore number {number}", [f"Author {number}"], categories=[f"Shelf {number}"], price=str(Decimal(5)))
    fill_index()
    with django_assert_max_num_queries(5):
        assert len(titles(api, q="ore")) == 20


def test_a_category_moves_its_books_in_the_index(staff_api: APIClient, api: APIClient, shelves: dict[str, Any]) -> None:
    arts: Category = make_category("Arts")
    staff_api.patch(f"/api/v1/categories/{shelves['novels'].pk}/", {"parent": str(arts.pk)})
    fill_index()
    assert titles(api, category="arts") == [shelves["tale"].title]
