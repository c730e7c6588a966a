from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from lyceum.accounts import tokens
from lyceum.accounts.errors import TokenRotated
from lyceum.accounts.models import TokenFamily, User

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
