from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.core import valkey
from lyceum.core.privacy import Subject, erase
from lyceum.library.models import Book
from lyceum.library.orders import carts, services
from lyceum.library.recommendations import figures, showings
from lyceum.library.recommendations.models import Dismissal, Showing

pytestmark = pytest.mark.django_db
Catalogue = dict[str, list[Book]]
ADDRESS = "/api/v1/books/recommended/"
ACTS = "/api/v1/books/recommended/acts/"
FIGURES = "/api/v1/books/recommended/figures/"


@pytest.fixture
def act(alice_api: APIClient) -> Callable[[Book, str], int]:
    return lambda book, name: alice_api.post(ACTS, {"book": str(book.pk), "act": name}).status_code


def test_what_was_shown_is_recorded_once_a_day(alice: Any, alice_api: APIClient, catalogue: Catalogue) -> None:
    shown = [one["id"] for one in alice_api.get(ADDRESS, {"limit": 5}).json()]
    alice_api.get(ADDRESS, {"limit": 5})
    assert Showing.objects.count() == 0
    assert showings.record_waiting() == 2
    assert sorted(str(row.book_id) for row in Showing.objects.filter(user=alice)) == sorted(shown)
    row = Showing.objects.first()
    assert row is not None
    assert (row.variant, row.model, row.clicked_at, row.ordered_at) == ("recent", "popularity", None, None)
    assert showings.record_waiting() == 0


def test_what_waits_is_bounded(alice_api: APIClient, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showings, "MOST_WAITING", 3)
    for _ in range(5):
        alice_api.get(ADDRESS)
    assert valkey.connection().llen(valkey.key("recommended", "shown")) == 3


def test_what_is_gone_meanwhile_is_not_recorded(alice: Any, alice_api: APIClient, catalogue: Catalogue) -> None:
    first, *others = alice_api.get(ADDRESS, {"limit": 3}).json()
    Book.objects.filter(pk=first["id"]).delete()
    showings.record_waiting()
    assert {str(row.book_id) for row in Showing.objects.all()} == {one["id"] for one in others}
    alice_api.get(ADDRESS)
    alice.delete()
    assert showings.record_waiting() == 1
    assert Showing.objects.count() == 0


def test_a_click_counts_once_also_before_the_showing_is_recorded(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, act: Callable[[Book, str], int]
) -> None:
    alice_api.get(ADDRESS)
    book = catalogue["Geology"][0]
    assert (act(book, "clicked"), act(book, "clicked")) == (204, 204)
    showings.record_waiting()
    row = Showing.objects.get(user=alice, book=book)
    assert row.clicked_at is not None
    assert Showing.objects.count() == 16


def test_an_order_counts_for_the_showing_and_a_cancelled_one_does_not(
    alice: Any, alice_api: APIClient, catalogue: Catalogue, django_capture_on_commit_callbacks: Any
) -> None:
    alice_api.get(ADDRESS)
    book = catalogue["Geology"][0]
    with django_capture_on_commit_callbacks(execute=True):
        carts.add(alice, book.pk, 1)
        order = services.place_order(alice, key="one")
    assert [row.book_id for row in Showing.objects.filter(ordered_at__isnull=False)] == [book.pk]
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel_order(alice, order.pk)
    assert not Showing.objects.filter(ordered_at__isnull=False).exists()


def test_what_is_dismissed_is_gone_until_it_is_taken_back(
    alice_api: APIClient, bob_api: APIClient, catalogue: Catalogue, django_capture_on_commit_callbacks: Any
) -> None:
    def titles(client: APIClient) -> list[str]:
        return [one["title"] for one in client.get(ADDRESS).json()]

    def say(name: str) -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return alice_api.post(ACTS, {"book": str(catalogue["Geology"][0].pk), "act": name}).status_code

    assert "Geology 0" in titles(alice_api)
    assert (say("dismissed"), say("dismissed")) == (204, 204)
    assert "Geology 0" not in titles(alice_api)
    assert "Geology 0" in titles(bob_api)
    assert say("restored") == 204
    assert "Geology 0" in titles(alice_api)


def test_acts_of_nobody_and_upon_nothing_are_refused(
    api: APIClient, alice_api: APIClient, catalogue: Catalogue
) -> None:
    book = str(catalogue["Geology"][0].pk)
    assert api.post(ACTS, {"book": book, "act": "clicked"}).status_code == 401
    assert alice_api.post(ACTS, {"book": str(uuid4()), "act": "clicked"}).status_code == 404
    assert alice_api.post(ACTS, {"book": book, "act": "eaten"}).status_code == 400
    Book.objects.filter(pk=book).update(status=Book.Status.WITHDRAWN)
    assert alice_api.post(ACTS, {"book": book, "act": "dismissed"}).status_code == 404


def test_staff_read_figures_with_intervals_and_others_do_not(
    alice: Any, bob: Any, alice_api: APIClient, staff_api: APIClient, catalogue: Catalogue, settings: Any
) -> None:
    settings.RECOMMENDATION_VARIANTS = ["recent", "steady"]
    now = timezone.now()
    for person, clicks in ((alice, 4), (bob, 0)):
        for place, book in enumerate(catalogue["Geology"]):
            clicked = now if place < clicks else None
            Showing.objects.create(
                user=person, book=book, variant="recent", model="x", clicked_at=clicked, ordered_at=clicked
            )
    assert alice_api.get(FIGURES).status_code == 403
    recent, steady = staff_api.get(FIGURES).json()["variants"]
    assert {name: recent[name] for name in ("variant", "people", "shown", "clicked", "ordered")} == {
        "variant": "recent",
        "people": 2,
        "shown": 16,
        "clicked": 4,
        "ordered": 4,
    }
    rate = recent["click_through"]
    assert rate["value"] == 0.25
    assert 0 <= rate["low"] < 0.06 < 0.25 < 0.46 < rate["high"] <= 1
    assert (steady["shown"], steady["conversion"]["value"]) == (0, None)


def test_figures_are_of_the_days_asked_for(alice: Any, catalogue: Catalogue) -> None:
    day = (timezone.now() - timedelta(days=10)).date()
    Showing.objects.create(user=alice, book=catalogue["Geology"][0], variant="recent", model="x", day=day)
    assert figures.by_variant(11)[0].shown == 1
    assert figures.by_variant(10)[0].shown == 0


def test_what_was_recorded_is_forgotten_in_time(alice: Any, catalogue: Catalogue) -> None:
    for age in (180, 181):
        day = (timezone.now() - timedelta(days=age)).date()
        Showing.objects.create(user=alice, book=catalogue["Geology"][age - 180], variant="recent", model="x", day=day)
    assert showings.forget_old() == 1


def test_who_is_erased_leaves_nothing(alice: Any, bob: Any, catalogue: Catalogue) -> None:
    for person in (alice, bob):
        Showing.objects.create(user=person, book=catalogue["Geology"][0], variant="recent", model="x")
        Dismissal.objects.create(user=person, book=catalogue["Geology"][1])
    erase(Subject(alice.pk, alice.email))
    assert [row.user_id for row in Showing.objects.all()] == [bob.pk]
    assert [row.user_id for row in Dismissal.objects.all()] == [bob.pk]
