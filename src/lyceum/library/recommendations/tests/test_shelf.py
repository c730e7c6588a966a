from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from lyceum.core import valkey
from lyceum.library.models import Book, Review
from lyceum.library.orders import carts, services
from lyceum.library.recommendations import kept_lists, mixing, shelf, variants, versions
from lyceum.library.testing import make_book

pytestmark = pytest.mark.django_db
Catalogue = dict[str, list[Book]]
Rate = Callable[..., None]
ADDRESS = "/api/v1/books/recommended/"


def titles(found: Any) -> list[str]:
    return [book["title"] for book in found]


def test_nobody_gets_recommendations_without_an_account(api: APIClient) -> None:
    assert api.get(ADDRESS).status_code == 401


def test_without_a_training_books_with_good_marks_are_given(alice_api: APIClient, catalogue: Catalogue) -> None:
    found = alice_api.get(ADDRESS).json()
    assert len(found) == 16
    assert {(one["model"], one["variant"]) for one in found} == {("popularity", "recent")}
    assert {one["reason"] for one in found} == {"popular in Geology", "popular in Gardening"}
    assert alice_api.get(ADDRESS, {"limit": 3}).json() == found[:3]


def test_503_only_while_nothing_is_trained_and_asked_to_be_strict(
    alice: Any, alice_api: APIClient, catalogue: Catalogue
) -> None:
    refused = alice_api.get(ADDRESS, {"strict": 1})
    assert (refused.status_code, refused.json()["code"]) == (503, "library.no_model")
    versions.train()
    kept_lists.drop(alice.pk)
    assert alice_api.get(ADDRESS, {"strict": 1}).status_code == 200


def test_a_library_without_books_answers_503(alice_api: APIClient) -> None:
    refused = alice_api.get(ADDRESS)
    assert (refused.status_code, refused.json()["code"]) == (503, "library.no_books")
    versions.train()
    assert alice_api.get(ADDRESS, {"strict": 1}).status_code == 503


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "101"), ("limit", "x"), ("strict", "2")])
def test_a_number_that_is_none_is_refused(alice_api: APIClient, name: str, value: str) -> None:
    refused = alice_api.get(ADDRESS, {name: value})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, name)


def test_one_rating_already_changes_the_list(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate
) -> None:
    versions.train()
    before = alice_api.get(ADDRESS).json()
    assert before[0]["model"].startswith("blend-")
    liked = catalogue["Gardening"][0]

    rate(alice, liked)
    found = alice_api.get(ADDRESS).json()
    assert liked.title not in titles(found)
    assert titles(found) != titles(before)
    assert found[0]["title"].startswith("Gardening")
    assert found[0]["reason"] == "because you liked Gardening 0"
    assert any(one["reason"].startswith("popular in") for one in found)


def test_seven_in_ten_come_of_ones_own_taste(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate
) -> None:
    versions.train()
    rate(alice, catalogue["Geology"][0])
    found = alice_api.get(ADDRESS, {"limit": 10}).json()
    assert sum(one["reason"].startswith("because") for one in found) == 7


def test_a_disliked_book_leads_to_nothing_and_is_not_shown(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate
) -> None:
    versions.train()
    rate(alice, catalogue["Geology"][0], 1)
    found = alice_api.get(ADDRESS).json()
    assert "Geology 0" not in titles(found)
    assert not any(one["reason"].startswith("because") for one in found)


def test_what_one_ordered_is_not_recommended_until_the_order_is_cancelled(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, django_capture_on_commit_callbacks: Any
) -> None:
    versions.train()
    book = catalogue["Geology"][2]
    assert book.title in titles(alice_api.get(ADDRESS).json())
    with django_capture_on_commit_callbacks(execute=True):
        carts.add(alice, book.pk, 1)
        order = services.place_order(alice, key="one")
    assert book.title not in titles(alice_api.get(ADDRESS).json())
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel_order(alice, order.pk)
    assert book.title in titles(alice_api.get(ADDRESS).json())


def test_of_editions_of_a_book_one_is_recommended_and_none_of_one_that_was_read(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate
) -> None:
    for edition in ("Second edition", "Illustrated"):
        made = make_book(f"Geology 1 ({edition})", ["Geology Author 1"], categories=["Geology"])
        Review.objects.create(book=made, source="elsewhere", reader="Geology-0", rating=5)
    versions.train()
    found = titles(alice_api.get(ADDRESS, {"limit": 100}).json())
    assert sum(title.startswith("Geology 1") for title in found) == 1

    rate(alice, catalogue["Geology"][1])
    found = titles(alice_api.get(ADDRESS, {"limit": 10}).json())
    assert not any(title.startswith("Geology 1") for title in found)


def test_a_book_that_no_training_knows_leads_to_its_authors_others(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate
) -> None:
    versions.train()
    fresh = make_book("Brand new", ["Gardening Author 3"], categories=["Gardening"])
    rate(alice, fresh)
    found = alice_api.get(ADDRESS).json()
    assert (found[0]["title"], found[0]["reason"]) == ("Gardening 3", "because you liked Brand new")
    assert fresh.title not in titles(found)


def test_what_is_withdrawn_is_gone_at_once(alice_api: APIClient, catalogue: Catalogue) -> None:
    versions.train()
    first = alice_api.get(ADDRESS).json()[0]
    Book.objects.filter(pk=first["id"]).update(status=Book.Status.WITHDRAWN)
    assert first["title"] not in titles(alice_api.get(ADDRESS).json())


def test_a_list_is_kept_for_an_hour_and_made_of_few_queries(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, rate: Rate, django_assert_max_num_queries: Any
) -> None:
    versions.train()
    rate(alice, catalogue["Geology"][0])
    shelf.recommended(alice)
    with django_assert_max_num_queries(3):
        shelf.recommended(alice)
    assert 3500 < valkey.connection().ttl(valkey.key("recommended", alice.pk, "list")) <= 3600


def test_a_list_that_was_begun_before_a_rating_is_not_kept_after_it(
    alice: Any, catalogue: Catalogue, rate: Rate, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions.train()
    real = mixing.mix

    def slow(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(mixing, "mix", real)
        rate(alice, catalogue["Geology"][0])
        return real(*arguments, **options)

    monkeypatch.setattr(mixing, "mix", slow)
    shelf.recommended(alice)
    assert "Geology 0" not in [one.book.title for one in shelf.recommended(alice)]


def test_each_reader_has_a_list_of_their_own(
    alice: Any, bob: Any, charlie: Any, catalogue: Catalogue, rate: Rate
) -> None:
    versions.train()
    rate(alice, catalogue["Geology"][0])
    rate(bob, catalogue["Gardening"][0])
    first = {person: shelf.recommended(person)[0].book.title.split()[0] for person in (alice, bob)}
    assert first == {alice: "Geology", bob: "Gardening"}
    assert all(one.reason.startswith("popular") for one in shelf.recommended(charlie))


def test_similar_books_are_of_the_same_shelf_without_the_book_itself(
    api: APIClient, alice_api: APIClient, catalogue: Catalogue
) -> None:
    book = catalogue["Geology"][0]
    address = f"/api/v1/books/{book.pk}/similar/"
    without = titles(api.get(address).json())
    versions.train()
    found = api.get(address).json()
    assert without and found
    assert book.title not in titles(found)
    assert all(title.startswith("Geology") for title in [*without, *titles(found)[:5]])
    assert len(alice_api.get(address, {"limit": 2}).json()) == 2
    assert api.get(address, {"limit": 0}).status_code == 400


def test_nothing_is_similar_to_what_one_may_not_see(api: APIClient, staff_api: APIClient, db: None) -> None:
    draft = make_book("A draft", status=Book.Status.DRAFT)
    assert api.get(f"/api/v1/books/{draft.pk}/similar/").status_code == 404
    assert staff_api.get(f"/api/v1/books/{draft.pk}/similar/").status_code == 200


def test_groups_are_stable_and_of_about_the_same_size() -> None:
    people = [UUID(int=number) for number in range(2000)]
    groups = [variants.variant_of(person, ["recent", "steady"]) for person in people]
    assert groups == [variants.variant_of(person, ["recent", "steady"]) for person in people]
    assert 900 < groups.count("recent") < 1100
