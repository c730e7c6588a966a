"""Registration, confirmation and reset by mail."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from rest_framework.test import APIClient

from lyceum.accounts.models import MailedLink, User
from lyceum.accounts.public import create_staff
from lyceum.accounts.services import create_setup_token
from lyceum.core.errors import Invalid
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.people import client_of, make_person

PASSWORD, NEW = "Lefroy-salt-lake-7", "Norseman-granite-3"
BOTH = {"password": NEW, "password_confirm": NEW}
BODY = {"email": "Dora@Example.org", "first_name": "Dora", "last_name": "Tester"}
REGISTER, LOGIN = "/api/v1/users/register/", "/api/v1/auth/token/"
VERIFY, RESET = "/api/v1/users/email/verify/", "/api/v1/users/password/reset/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture
def verification_required(settings: Any) -> None:
    settings.EMAIL_VERIFICATION = "required"


def links(jobs: Jobs) -> list[str]:
    """Send what waits and return the secrets of the links in it, oldest first."""
    mail.outbox.clear()
    jobs.run()
    words = [word for sent in mail.outbox for word in str(sent.body).split() if word.startswith("http")]
    return [word.rstrip("/").rsplit("/", 1)[1] for word in words]


def test_a_new_address_is_confirmed_by_a_link_that_works_once(api: APIClient, jobs: Jobs) -> None:
    made = api.post(REGISTER, {**BODY, **BOTH})
    assert made.status_code == 201
    (token,) = links(jobs)
    assert mail.outbox[0].to == ["Dora@Example.org"]
    assert api.post(LOGIN, {"email": BODY["email"], "password": NEW}).status_code == 200
    assert api.post(VERIFY, {"token": token}).json()["id"] == made.json()["id"]
    assert User.objects.get().email_verified_at is not None
    assert field_codes(api.post(VERIFY, {"token": token})) == {("token", "invalid")}


@pytest.mark.usefixtures("verification_required")
def test_where_confirmation_is_required_people_enter_after_it(api: APIClient, jobs: Jobs) -> None:
    api.post(REGISTER, {**BODY, **BOTH})
    check_problem(api.post(LOGIN, {"email": BODY["email"], "password": NEW}), 403, "email_unverified")
    check_problem(api.post(LOGIN, {"email": BODY["email"], "password": "wrong"}), 401, "invalid_credentials")
    (token,) = links(jobs)
    api.post(VERIFY, {"token": token})
    assert api.post(LOGIN, {"email": BODY["email"], "password": NEW}).status_code == 200


@pytest.mark.usefixtures("verification_required")
def test_a_known_address_looks_like_a_new_one(api: APIClient, jobs: Jobs) -> None:
    known = make_person("known", password=PASSWORD, email_verified_at="2026-01-01T00:00:00Z")
    answers = [api.post(REGISTER, {**BODY, **BOTH, "email": email}) for email in (known.email, "new@example.org")]
    shapes = [{name: type(value) for name, value in answer.json().items()} for answer in answers]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert shapes[0] == shapes[1]
    assert answers[0].json()["id"] != str(known.pk)
    assert jobs.names() == ["accounts.mail_known_address", "accounts.mail_verification"]
    known.refresh_from_db()
    assert (known.first_name, known.check_password(PASSWORD)) == ("Known", True)


@pytest.mark.usefixtures("verification_required")
def test_a_lost_mail_can_be_had_again(api: APIClient, jobs: Jobs) -> None:
    api.post(REGISTER, {**BODY, **BOTH})
    links(jobs)
    for email in (BODY["email"], "nobody@example.org"):
        answer = api.post(f"{VERIFY}resend/", {"email": email})
        assert (answer.status_code, answer.json()) == (202, {})
    (token,) = links(jobs)
    assert api.post(REGISTER, {**BODY, **BOTH}).status_code == 201
    assert len(links(jobs)) == 1
    assert api.post(VERIFY, {"token": token}).status_code == 200
    assert MailedLink.objects.count() == 0
    api.post(f"{VERIFY}resend/", {"email": BODY["email"]})
    assert jobs.names() == []


def test_a_change_of_address_takes_the_password_and_a_link(api: APIClient, jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    signed_in = client_of(dora)
    url = "/api/v1/users/email/"
    refused = signed_in.post(url, {"email": "new@example.org", "password": "wrong"})
    assert field_codes(refused) == {("password", "invalid")}
    make_person("taken")
    refused = signed_in.post(url, {"email": "TAKEN@example.org", "password": PASSWORD})
    assert field_codes(refused) == {("email", "taken")}
    assert signed_in.post(url, {"email": "New@example.org", "password": PASSWORD}).status_code == 202
    assert User.objects.get(pk=dora.pk).email == "dora@example.org"
    (token,) = links(jobs)
    assert mail.outbox[0].to == ["New@example.org"]
    assert api.post(VERIFY, {"token": token}).json()["email"] == "New@example.org"
    mail.outbox.clear()
    jobs.run()
    assert [(sent.to, sent.subject) for sent in mail.outbox] == [
        (["dora@example.org"], "Your account has another address")
    ]


@pytest.mark.usefixtures("verification_required")
def test_a_change_to_a_known_address_does_not_tell(jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    make_person("taken")
    answer = client_of(dora).post("/api/v1/users/email/", {"email": "taken@example.org", "password": PASSWORD})
    assert answer.status_code == 202
    assert jobs.names() == ["accounts.mail_known_address"]


def test_a_reset_ends_every_sign_in_and_other_links(api: APIClient, jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    pair = api.post(LOGIN, {"email": dora.email, "password": PASSWORD}).json()
    for email in (dora.email, dora.email, "nobody@example.org", "no address"):
        answer = api.post(RESET, {"email": email})
        assert (answer.status_code, answer.json()) == (202, {})
    first, second = links(jobs)
    weak = {"token": first, "password": "12345678", "password_confirm": "12345678"}
    assert ("password", "password_common") in field_codes(api.post(f"{RESET}confirm/", weak))
    assert api.post(f"{RESET}confirm/", {"token": first, **BOTH}).status_code == 204
    assert field_codes(api.post(f"{RESET}confirm/", {"token": second, **BOTH})) == {("token", "invalid")}
    assert api.post(f"{LOGIN}refresh/", {"refresh": pair["refresh"]}).json()["code"] == "token_revoked"
    assert api.post(LOGIN, {"email": dora.email, "password": NEW}).status_code == 200


def test_a_reset_link_dies_with_the_address_it_was_sent_to(api: APIClient, jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    api.post(RESET, {"email": dora.email})
    (token,) = links(jobs)
    dora.email = "new@example.org"
    dora.save()
    assert field_codes(api.post(f"{RESET}confirm/", {"token": token, **BOTH})) == {("token", "invalid")}


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_ends_a_change_of_address_that_was_asked_for_before(
    api: APIClient, jobs: Jobs, way: str
) -> None:
    dora = make_person("dora", password=PASSWORD)
    signed_in = client_of(dora)
    signed_in.post("/api/v1/users/email/", {"email": "thief@example.org", "password": PASSWORD})
    (thiefs,) = links(jobs)
    if way == "change":
        answer = signed_in.post("/api/v1/users/password/", {"current_password": PASSWORD, **BOTH})
    else:
        api.post(RESET, {"email": dora.email})
        answer = api.post(f"{RESET}confirm/", {"token": links(jobs)[0], **BOTH})
    assert answer.status_code == 204
    assert field_codes(api.post(VERIFY, {"token": thiefs})) == {("token", "invalid")}
    assert User.objects.get().email == dora.email


def test_a_new_password_leaves_the_link_that_confirms_ones_address(api: APIClient, jobs: Jobs) -> None:
    api.post(REGISTER, {**BODY, **BOTH})
    (token,) = links(jobs)
    body = {"current_password": NEW, "password": PASSWORD, "password_confirm": PASSWORD}
    assert client_of(User.objects.get()).post("/api/v1/users/password/", body).status_code == 204
    assert api.post(VERIFY, {"token": token}).status_code == 200


def test_a_link_works_only_for_what_it_was_made_for(api: APIClient, jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    api.post(RESET, {"email": dora.email})
    (token,) = links(jobs)
    assert field_codes(api.post(VERIFY, {"token": token})) == {("token", "invalid")}
    answer = api.post("/api/v1/users/setup/", {**BODY, **BOTH, "token": token})
    assert field_codes(answer) == {("token", "invalid")}
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.usefixtures("verification_required")
def test_staff_whom_the_server_makes_enter_at_once_and_are_told_what_is_taken(api: APIClient, jobs: Jobs) -> None:
    dora = make_person("dora", password=PASSWORD)
    body = {**BODY, **BOTH, "token": create_setup_token()}
    assert field_codes(api.post("/api/v1/users/setup/", {**body, "email": dora.email})) == {("email", "taken")}
    assert api.post("/api/v1/users/setup/", {**body, "email": "staff@example.org"}).status_code == 201
    assert api.post(LOGIN, {"email": "staff@example.org", "password": NEW}).status_code == 200
    with pytest.raises(Invalid) as refused:
        create_staff("no address", "R2D2", "Bright", NEW)
    assert {error.field for error in refused.value.errors} == {"email", "first_name"}
    with pytest.raises(Invalid):
        create_staff(dora.email, "Dora", "Bright", NEW)
    assert not User.objects.get(pk=dora.pk).is_staff


def test_text_that_grows_when_it_is_compared_is_no_fault(api: APIClient, jobs: Jobs) -> None:
    assert api.post(REGISTER, {**BODY, **BOTH, "last_name": "ﷺ" * 150}).status_code == 201
    answer = api.post(REGISTER, {**BODY, **BOTH, "email": f"a@{'ﷺ' * 60}.org"})
    assert field_codes(answer) == {("email", "invalid")}


@pytest.mark.django_db(transaction=True)
def test_an_address_that_somebody_takes_at_that_moment_is_taken(jobs: Jobs) -> None:
    alice, bob = make_person("alice", password=PASSWORD), make_person("bob")
    body = {"email": "both@example.org", "password": PASSWORD}
    assert client_of(alice).post("/api/v1/users/email/", body).status_code == 202
    (token,) = links(jobs)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # Not committed yet: who looks sees the address free, and waits for us only when it is written.
            User.objects.filter(pk=bob.pk).update(email="both@example.org", email_key="both@example.org")
            answer = pool.submit(in_own_connection, token)
            wait_for_a_lock()
        assert field_codes(answer.result(10)) == {("token", "taken")}
    assert User.objects.get(pk=alice.pk).email == alice.email


def in_own_connection(token: str) -> Any:
    try:
        return APIClient().post(VERIFY, {"token": token})
    finally:
        connection.close()


def wait_for_a_lock() -> None:
    ends = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute("select count(*) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")
