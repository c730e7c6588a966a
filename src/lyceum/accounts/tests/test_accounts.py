from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from lyceum.accounts import tokens
from lyceum.accounts.errors import TokenReused, TokenRevoked, TokenRotated
from lyceum.accounts.models import Token, TokenFamily, User

PASSWORD = "Lefroy-salt-lake-7"
BODY = {
    "email": "Alice@Example.org",
    "first_name": "Alice",
    "last_name": "Nguyễn",
    "password": PASSWORD,
    "password_confirm": PASSWORD,
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("Alice@Example.org", PASSWORD, first_name="Alice", last_name="Nguyễn")


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def test_registration_answers_with_the_person(api: APIClient) -> None:
    answer = api.post("/api/v1/users/register/", BODY)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "email", "first_name", "last_name", "role", "date_joined"}
    assert answer.json()["email"] == "Alice@Example.org"


def test_an_address_is_taken_in_any_case(api: APIClient, alice: User) -> None:
    assert codes(api.post("/api/v1/users/register/", {**BODY, "email": "ALICE@example.ORG"})) == {("email", "taken")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": "12345678", "password_confirm": "12345679"}, {"password_common", "password_numeric", "mismatch"}),
        ({"password": "alice@example.org", "password_confirm": "alice@example.org"}, {"password_similar"}),
        ({"password": "short", "password_confirm": "short"}, {"too_short"}),
        ({"password": "x" * 129, "password_confirm": "x" * 129}, {"too_long"}),
        ({"first_name": "A"}, {"too_short"}),
        ({"first_name": "R2D2"}, {"invalid"}),
        ({"first_name": 5}, {"invalid_type"}),
        ({"first_name": "A\x00b"}, {"invalid"}),
        ({"is_staff": True}, {"unknown_field"}),
    ],
)
def test_every_broken_rule_has_its_code(api: APIClient, change: dict[str, Any], expected: set[str]) -> None:
    answer = api.post("/api/v1/users/register/", {**BODY, **change})
    assert answer.status_code == 400
    assert expected <= {code for _, code in codes(answer)}
    assert not User.objects.exists()


def test_all_fields_and_the_password_are_reported_at_once(api: APIClient) -> None:
    body = {"email": "nowhere", "first_name": "A", "password": "12345678", "password_confirm": "1"}
    assert codes(api.post("/api/v1/users/register/", body)) == {
        ("email", "invalid"),
        ("first_name", "too_short"),
        ("last_name", "required"),
        ("password", "password_common"),
        ("password", "password_numeric"),
        ("password_confirm", "mismatch"),
    }
    assert api.post("/api/v1/users/register/", []).status_code == 400


def test_names_of_any_script_are_taken(api: APIClient) -> None:
    answer = api.post("/api/v1/users/register/", {**BODY, "first_name": "अनुष्का", "last_name": "O’Neil-Çelik"})
    assert answer.status_code == 201


def test_a_session_needs_the_csrf_token(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    token = browser.get("/api/v1/users/csrf/").json()["csrf_token"]
    body = {"email": alice.email, "password": PASSWORD}
    options = {"content_type": "application/json"}
    refused = browser.post("/api/v1/users/login/", body, **options)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    entered = browser.post("/api/v1/users/login/", body, headers={"X-CSRFToken": token}, **options)
    assert entered.status_code == 200
    assert browser.get("/api/v1/users/profile/").json()["email"] == alice.email
    new = browser.cookies["csrftoken"].value
    assert browser.post("/api/v1/users/logout/").status_code == 403
    assert browser.post("/api/v1/users/logout/", headers={"X-CSRFToken": new}).status_code == 204
    assert browser.get("/api/v1/users/profile/").status_code == 401


def test_wrong_passwords_slow_down_alike_for_known_and_unknown(api: APIClient, alice: User) -> None:
    for email in (alice.email, "nobody@example.org"):
        for _ in range(5):
            answer = api.post("/api/v1/auth/token/", {"email": email, "password": "wrong"})
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
        locked = api.post("/api/v1/auth/token/", {"email": email, "password": PASSWORD})
        assert (locked.status_code, locked.json()["code"]) == (429, "locked")
        assert locked["Retry-After"] == "1"


def test_a_rotated_token_is_a_race_and_later_a_theft(alice: User) -> None:
    pair = tokens.open_family(alice, address="127.0.0.1", user_agent="")
    successor = tokens.rotate(pair.refresh)
    with pytest.raises(TokenRotated):
        tokens.rotate(pair.refresh)
    row = Token.objects.get(hash=tokens.token_hash(pair.refresh))
    row.used_at -= tokens.RACE * 2  # type: ignore[operator]
    row.save()
    with pytest.raises(TokenReused):
        tokens.rotate(pair.refresh)
    with pytest.raises(TokenRevoked):
        tokens.rotate(successor.refresh)
    with pytest.raises(TokenRevoked):
        tokens.find_access(successor.access)


@pytest.mark.django_db(transaction=True)
def test_eight_uses_at_once_give_one_successor() -> None:
    user = User.objects.create_user("race@example.org", PASSWORD, first_name="Race", last_name="Tester")
    pair = tokens.open_family(user, address="127.0.0.1", user_agent="")

    def use(_: int) -> str:
        try:
            tokens.rotate(pair.refresh)
        except TokenRotated:
            return "race"
        finally:
            connections.close_all()
        return "successor"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(use, range(8)))
    assert results == ["race"] * 7 + ["successor"]
    assert TokenFamily.objects.get().revoked_at is None


def test_a_reset_link_works_once(
    api: APIClient, alice: User, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lyceum.accounts import services, tasks

    sent: list[dict[str, str]] = []
    monkeypatch.setattr(services.jobs, "enqueue", lambda name, **arguments: sent.append(arguments))
    for email in (alice.email, "nobody@example.org"):
        assert api.post("/api/v1/users/password/reset/", {"email": email}).status_code == 202
    assert len(sent) == 1
    tasks.mail_reset(**sent[0])
    url = next(word for word in mail.outbox[0].body.split() if "/reset/" in word)
    new = "Norseman-granite-3"
    body = {"token": url.rstrip("/").rsplit("/", 1)[1], "password": new, "password_confirm": new}
    assert api.post("/api/v1/users/password/reset/confirm/", body).status_code == 204
    assert codes(api.post("/api/v1/users/password/reset/confirm/", body)) == {("token", "invalid")}
    assert api.post("/api/v1/auth/token/", {"email": alice.email, "password": new}).status_code == 200


def test_the_directory_finds_words_without_accents_and_hides_addresses(api: APIClient, alice: User) -> None:
    bob = User.objects.create_user("bob@example.org", PASSWORD, first_name="Bob", last_name="Tester")
    api.force_authenticate(bob)
    found = api.get("/api/v1/users/list/?q=nguyen").json()
    assert [person["name"] for person in found["results"]] == ["Alice Nguyễn"]
    assert "email" not in found["results"][0]


def test_if_match_guards_the_profile(api: APIClient, alice: User) -> None:
    api.force_authenticate(alice)
    tag = api.get("/api/v1/users/profile/")["ETag"]
    changed = api.patch("/api/v1/users/profile/", {"timezone": "Australia/Perth"}, headers={"If-Match": tag})
    assert changed.json()["timezone"] == "Australia/Perth"
    late = api.patch("/api/v1/users/profile/", {"timezone": "UTC"}, headers={"If-Match": tag})
    assert late.status_code == 412
