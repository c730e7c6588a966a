from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.core import presence
from lyceum.core.ids import uuid7
from lyceum.core.testing.api_cases import field_codes
from lyceum.core.testing.people import client_of, make_person
from lyceum.messaging import services
from lyceum.messaging.selectors import get_participant_for

URL = "/api/v1/users/list/"
pytestmark = pytest.mark.django_db


def names(client: APIClient, **query: Any) -> list[str]:
    return [person["name"] for person in client.get(URL, query).json()["results"]]


@pytest.fixture
def people(alice: User) -> None:
    for number, (first, last) in enumerate(
        [("Zoë", "O’Neil-Çelik"), ("Đặng", "Nguyễn"), ("Mary Ann", "Størmer"), ("Anna", "50% Off"), ("Straße", "Zhang")]
    ):
        make_person(f"p{number}", first_name=first, last_name=last)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("zoe", ["Zoë O’Neil-Çelik"]),
        ("ZOË o", ["Zoë O’Neil-Çelik"]),
        ("neil", ["Zoë O’Neil-Çelik"]),
        ("celik", ["Zoë O’Neil-Çelik"]),
        ("  nguyen ", ["Đặng Nguyễn"]),
        ("dang", ["Đặng Nguyễn"]),
        ("ann", ["Anna 50% Off", "Mary Ann Størmer"]),
        ("stor", ["Mary Ann Størmer"]),
        ("strasse", ["Straße Zhang"]),
        ("50%", ["Anna 50% Off"]),
        ("%", []),
        ("_", []),
        ("uyen", []),
        ("p0@", []),
        ("", ["Alice Tester", "Anna 50% Off", "Đặng Nguyễn", "Mary Ann Størmer", "Straße Zhang", "Zoë O’Neil-Çelik"]),
    ],
)
def test_q_begins_any_word_without_case_and_accents(alice_api: APIClient, q: str, found: list[str]) -> None:
    assert names(alice_api, q=q) == found


@pytest.mark.usefixtures("people")
def test_only_staff_see_addresses_and_search_them(alice_api: APIClient, staff_api: APIClient) -> None:
    person = alice_api.get(URL, {"q": "zoe"}).json()["results"][0]
    assert set(person) == {"id", "first_name", "last_name", "name", "avatar", "presence"}
    assert names(staff_api, q="P0@exam") == ["Zoë O’Neil-Çelik"]
    assert staff_api.get(URL, {"q": "zoe"}).json()["results"][0]["email"] == "p0@example.org"


@pytest.mark.usefixtures("people")
def test_pages_are_numbered_and_linked(alice_api: APIClient) -> None:
    first = alice_api.get(URL, {"page_size": 4, "q": ""})
    assert first["X-Total-Count"] == "6"
    assert first.json()["previous"] is None
    second = alice_api.get(first.json()["next"])
    assert [len(answer.json()["results"]) for answer in (first, second)] == [4, 2]
    assert second.json()["next"] is None
    assert alice_api.get(second.json()["previous"]).json() == first.json()
    beyond = alice_api.get(URL, {"page": 99})
    assert (beyond.status_code, beyond.json()["results"]) == (200, [])
    assert field_codes(alice_api.get(URL, {"page_size": "1e9"})) == {("page_size", "invalid")}


def test_contacts_are_who_one_talks_with(alice: User, bob: User, charlie: User, settings: Any) -> None:
    settings.DIRECTORY = "contacts"
    services.create_direct(alice.pk, bob.pk)
    assert names(client_of(alice)) == ["Alice Tester", "Bob Tester"]
    assert names(client_of(charlie)) == []
    group = services.create_group(charlie.pk, name="Maps", members=[alice.pk], history="all")
    assert names(client_of(charlie)) == ["Alice Tester", "Charlie Tester"]
    services.end_conversation(get_participant_for(charlie.pk, group.pk))
    assert names(client_of(charlie)) == []


def test_a_directory_that_is_off_shows_nobody_but_to_staff(
    alice_api: APIClient, staff_api: APIClient, settings: Any
) -> None:
    settings.DIRECTORY = "off"
    assert names(alice_api) == []
    assert "Alice Tester" in names(staff_api)


def test_who_hides_presence_shows_none(alice: User, bob: User) -> None:
    presence.touch(bob.pk, str(uuid7()), "online")
    shown = client_of(alice).get(URL, {"q": "bob"}).json()["results"][0]["presence"]
    client_of(bob).patch("/api/v1/users/profile/", {"show_presence": False})
    hidden = client_of(alice).get(URL, {"q": "bob"}).json()["results"][0]["presence"]
    assert (shown, hidden) == ("online", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"locale": "xx"}, "invalid"),
        ({"locale": "EN"}, "invalid"),
        ({"timezone": "Mars/Olympus"}, "invalid"),
        ({"timezone": "../etc/passwd"}, "invalid"),
        ({"first_name": None}, "null"),
        ({"first_name": "  "}, "blank"),
        ({"first_name": "x" * 151}, "too_long"),
        ({"first_name": "A  b"}, "invalid"),
        ({"email": "new@example.org"}, "unknown_field"),
        ({"role": "staff"}, "unknown_field"),
        ({"limit_profile": "premium"}, "unknown_field"),
    ],
)
def test_a_profile_takes_only_what_is_true(alice_api: APIClient, change: dict[str, Any], code: str) -> None:
    assert field_codes(alice_api.patch("/api/v1/users/profile/", change)) == {(next(iter(change)), code)}


def test_a_profile_is_changed_and_says_so(alice_api: APIClient) -> None:
    body = {"first_name": "  Ali\u0301ce ", "last_name": "d'Arc", "locale": "fr", "timezone": "Europe/Paris"}
    answer = alice_api.patch("/api/v1/users/profile/", {**body, "show_typing": False})
    assert answer.status_code == 200
    found = client_of(User.objects.get()).get("/api/v1/auth/me/").json()
    assert found == answer.json()
    assert (found["name"], found["locale"], found["show_typing"]) == ("Alíce d'Arc", "fr", False)
