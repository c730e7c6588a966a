"""Pages of the second factor, as far as they go without a browser."""

import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.accounts import factors, reauthentication, second_step, services, tokens, totp
from lyceum.accounts.models import Session, TokenFamily, User
from lyceum.core import valkey
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.people import make_person

PASSWORD = "Lefroy-salt-lake-7"
PAGE = {"Accept": "text/html"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(db: None) -> User:
    return make_person("dora", password=PASSWORD)


def step_one(client: Client, user: User, **more: str) -> Any:
    return client.post("/sign-in/", {"email": user.email, "password": PASSWORD, **more}, headers=PAGE)


@pytest.fixture
def at_dora(dora: User) -> Client:
    client = Client(headers=PAGE)
    assert step_one(client, dora).status_code == 303
    return client


@pytest.fixture
def codes(dora: User, at_dora: Client) -> list[str]:
    session_id = Session.objects.get(user=dora).public_id
    secret = factors.begin(dora, session_id).secret
    return factors.confirm(dora, session_id, totp.code_of(secret, totp.step_at(time.time())))


def grow_old(user: User) -> None:
    for row in Session.objects.filter(user=user):
        Session.objects.filter(pk=row.pk).update(created_at=row.created_at - reauthentication.CONFIRMED)
    client = valkey.connection()
    for key in client.scan_iter(valkey.key("confirmed", "*")):
        client.delete(key)


def test_a_right_password_leads_to_the_step_and_to_no_session(dora: User, codes: list[str]) -> None:
    browser = Client()
    answer = step_one(browser, dora, next="/people/", keep="on")
    assert (answer.status_code, answer["Location"]) == (303, "/sign-in/code/")
    assert answer.cookies[second_step.COOKIE]["httponly"] and answer.cookies[second_step.COOKIE]["path"] == "/sign-in/"
    assert "sessionid" not in browser.cookies
    assert browser.get("/people/", headers=PAGE).status_code == 302
    entered = browser.post("/sign-in/code/", {"otp": codes[0]}, headers=PAGE)
    assert (entered.status_code, entered["Location"]) == (303, "/people/")
    assert browser.session["second_factor"] is True
    assert entered.cookies["sessionid"]["max-age"] == 14 * 24 * 3600
    assert entered.cookies[second_step.COOKIE].value == ""


def test_a_step_is_gone_once_it_was_taken_or_the_password_changed(dora: User, codes: list[str]) -> None:
    browser = Client()
    step_one(browser, dora)
    token = browser.cookies[second_step.COOKIE].value
    browser.post("/sign-in/code/", {"otp": codes[0]}, headers=PAGE)
    thief = Client()
    thief.cookies[second_step.COOKIE] = token
    assert thief.post("/sign-in/code/", {"otp": codes[1]}, headers=PAGE)["Location"] == "/sign-in/"

    step_one(thief, dora)
    dora.set_password("Norseman-granite-3")
    dora.save()
    assert thief.post("/sign-in/code/", {"otp": codes[1]}, headers=PAGE)["Location"] == "/sign-in/"
    services.check_credentials(dora.email, "Norseman-granite-3", otp=codes[1], address="127.0.0.1")


def test_wrong_codes_in_the_step_lock_the_account(dora: User, codes: list[str]) -> None:
    browser = Client()
    step_one(browser, dora)
    for _ in range(5):
        answer = browser.post("/sign-in/code/", {"otp": "000000"}, headers=PAGE)
        assert answer.status_code == 401
    answer = browser.post("/sign-in/code/", {"otp": codes[0]}, headers=PAGE)
    assert answer.status_code == 429
    assert "Try again in" in answer.content.decode()


def test_an_old_sign_in_is_confirmed_on_the_page(dora: User, at_dora: Client) -> None:
    assert "Set it up" in at_dora.get("/security/").content.decode()
    grow_old(dora)
    page = at_dora.get("/security/").content.decode()
    assert "Confirm that it is you" in page and "Set it up" not in page
    assert at_dora.get("/security/app/")["Location"] == "/security/"
    assert at_dora.post("/security/recovery-codes/")["Location"] == "/security/"
    assert at_dora.post("/security/confirm/", {"password": "wrong"}).status_code == 400
    assert at_dora.post("/security/confirm/", {"password": PASSWORD})["Location"] == "/security/"
    assert at_dora.get("/security/app/").status_code == 200


def lose_password(client: Client, user: User) -> None:
    """Let a person be one who comes another way, in the browser where they are signed in."""
    session = client.session
    user.set_unusable_password()
    user.save()
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()


def test_who_has_no_password_confirms_with_a_code(dora: User, at_dora: Client, codes: list[str]) -> None:
    lose_password(at_dora, dora)
    grow_old(dora)
    page = at_dora.get("/security/").content.decode()
    assert "Confirm that it is you" in page and 'name="otp"' in page and 'name="password"' not in page
    assert at_dora.post("/security/confirm/", {"otp": "000000"}).status_code == 400
    assert at_dora.post("/security/confirm/", {"otp": codes[1]})["Location"] == "/security/"
    assert "Confirm that it is you" not in at_dora.get("/security/").content.decode()
    assert at_dora.post("/security/app/off/", {"otp": codes[0]})["Location"] == "/security/"
    assert not factors.is_on(dora)


def test_who_has_neither_signs_in_anew_instead(dora: User, at_dora: Client) -> None:
    lose_password(at_dora, dora)
    assert "Delete my account" in at_dora.get("/your-data/erase/").content.decode()
    assert 'name="email"' in at_dora.get("/profile/").content.decode()
    grow_old(dora)
    assert "Sign out and in again" in at_dora.get("/security/").content.decode()
    with pytest.raises(reauthentication.ConfirmationRequired):
        reauthentication.reauthenticate(dora, address="127.0.0.1")
    for method in (at_dora.get, at_dora.post):
        assert method("/your-data/erase/")["Location"] == "/security/confirm/?next=/your-data/erase/"
    assert "/security/confirm/?next=/profile/%23address" in at_dora.get("/profile/").content.decode()
    assert at_dora.post("/profile/email/", {"email": "new@example.org"}).status_code == 403
    page = at_dora.get("/security/confirm/?next=/your-data/erase/").content.decode()
    assert "Sign out and in again" in page and dora.email in page
    left = at_dora.post("/sign-out/", {"next": "/your-data/erase/"})
    assert left["Location"] == "/sign-in/?next=/your-data/erase/"


def test_an_account_without_a_password_is_closed_by_who_just_came(dora: User, at_dora: Client) -> None:
    lose_password(at_dora, dora)
    assert at_dora.post("/profile/email/", {"email": "new@example.org"})["Location"] == "/profile/"
    assert at_dora.post("/your-data/erase/")["Location"] == "/sign-in/"
    dora.refresh_from_db()
    assert dora.erase_at is not None


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/users/erase/", {}), ("/api/v1/users/email/", {"email": "new@example.org"})]
)
def test_programs_of_people_without_a_password_are_told_what_is_asked(
    dora: User, path: str, body: dict[str, str]
) -> None:
    program = APIClient()
    pair = tokens.open_family(dora, address="127.0.0.1", user_agent="")
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert field_codes(program.post(path, body)) == {("password", "required")}
    dora.set_unusable_password()
    dora.save()
    grow_old(dora)
    TokenFamily.objects.update(created_at=timezone.now() - reauthentication.CONFIRMED)
    refused = program.post(path, body)
    check_problem(refused, 403, "confirmation_required")
    assert refused.json()["detail"].startswith("You have no password here. Confirm with a passkey")
    reauthentication.note_confirmed(dora, tokens.family_of(pair).pk)
    assert program.post(path, body).status_code == 202
