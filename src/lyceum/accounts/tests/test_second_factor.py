"""The second factor over the API: set up, signed in with, used up, lost and turned off."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from lyceum.accounts import factors, lockout, public, reauthentication, services, totp
from lyceum.accounts.models import RecoveryCode, Session, TokenFamily, Totp, User
from lyceum.core import valkey
from lyceum.core.errors import Invalid
from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.people import make_person

PASSWORD = "Lefroy-salt-lake-7"
AUTH = "/api/v1/auth/"
TOKEN = f"{AUTH}token/"
pytestmark = pytest.mark.django_db
START = 1_800_000_000.0


class Clock:
    """The time of the codes, which stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def move(self, steps: int) -> None:
        self.now += steps * totp.PERIOD_SECONDS


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(factors, "time", SimpleNamespace(time=lambda: found.now))
    return found


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture
def dora(db: None) -> User:
    return make_person("dora", password=PASSWORD)


class Phone:
    """A person's app: it makes the code of now, or of a step before or after."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.secret, self.clock = secret, clock

    def code(self, steps: int = 0) -> str:
        return totp.code_of(self.secret, totp.step_at(self.clock.now) + steps)


def enter(email: str, otp: str | None = None, password: str = PASSWORD, path: str = TOKEN) -> Any:
    body = {"email": email, "password": password} | ({"otp": otp} if otp is not None else {})
    return APIClient().post(path, body)


def bearer(answer: Any) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    return client


def grow_old(user: User) -> None:
    """Let the confirmations and sign-ins of a person be older than ten minutes."""
    for model in (Session, TokenFamily):
        for row in model.objects.filter(user=user):  # type: ignore[attr-defined]
            type(row).objects.filter(pk=row.pk).update(created_at=row.created_at - reauthentication.CONFIRMED)
    client = valkey.connection()
    for key in client.scan_iter(valkey.key("confirmed", "*")):
        client.delete(key)


def set_up(client: APIClient, clock: Clock) -> tuple[Phone, list[str]]:
    phone = Phone(client.post(f"{AUTH}totp/").json()["secret"], clock)
    answer = client.post(f"{AUTH}totp/confirm/", {"otp": phone.code()})
    assert answer.status_code == 200, answer.content
    clock.move(1)
    return phone, answer.json()["recovery_codes"]


@pytest.fixture
def dora_api(dora: User) -> APIClient:
    return bearer(enter(dora.email))


@pytest.fixture
def phone_and_codes(dora_api: APIClient, clock: Clock) -> tuple[Phone, list[str]]:
    return set_up(dora_api, clock)


@pytest.fixture
def phone(phone_and_codes: tuple[Phone, list[str]]) -> Phone:
    return phone_and_codes[0]


def test_the_codes_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B, for SHA-1, the last six digits.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    known = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    assert {at: totp.code_of(secret, totp.step_at(at)) for at in known} == known


def test_a_factor_is_set_up_with_the_first_code(dora: User, dora_api: APIClient, clock: Clock, jobs: Jobs) -> None:
    state = {"is_on": False, "confirmed_at": None, "last_used_at": None, "recovery_codes_left": 0}
    assert dora_api.get(f"{AUTH}totp/").json() == state
    setup = dora_api.post(f"{AUTH}totp/").json()
    assert dora_api.post(f"{AUTH}totp/").json() == setup
    assert setup["uri"].startswith("otpauth://totp/Lyceum%20%28127.0.0.1%29%3Adora%40example.org?secret=")
    assert setup["qr_svg"].startswith("<svg ") and "style" not in setup["qr_svg"]
    assert field_codes(dora_api.post(f"{AUTH}totp/confirm/", {"otp": "000000"})) == {("otp", "invalid")}
    assert enter(dora.email).status_code == 200
    answer = dora_api.post(f"{AUTH}totp/confirm/", {"otp": Phone(setup["secret"], clock).code()})

    codes = answer.json()["recovery_codes"]
    assert len(set(codes)) == 10 and all(len(code) == 11 for code in codes)
    state = dora_api.get(f"{AUTH}totp/").json()
    assert (state["is_on"], state["recovery_codes_left"]) == (True, 10)
    check_problem(dora_api.post(f"{AUTH}totp/"), 409, "totp_is_on")
    check_problem(dora_api.post(f"{AUTH}totp/confirm/", {"otp": "000000"}), 409, "totp_not_begun")
    jobs.run()
    assert mail.outbox[-1].to == [dora.email] and "code" in mail.outbox[-1].body
    assert AuditEntry.objects.filter(actor=dora, action="user.totp_added").exists()


def test_nothing_in_the_database_is_a_secret(dora: User, phone_and_codes: tuple[Phone, list[str]]) -> None:
    phone, codes = phone_and_codes
    rows = str([*Totp.objects.values(), *RecoveryCode.objects.values(), *AuditEntry.objects.values()])
    assert phone.secret not in rows
    assert [code for code in codes if code in rows or code.replace("-", "") in rows] == []
    moved = Totp.objects.get(user=dora)
    moved.user = make_person("erik")
    moved.save(force_insert=True)
    assert not factors.use_code(moved.user, phone.code())


def test_another_sign_in_cannot_confirm_what_one_began(dora: User, dora_api: APIClient, clock: Clock) -> None:
    secret = dora_api.post(f"{AUTH}totp/").json()["secret"]
    other = bearer(enter(dora.email))
    check_problem(other.post(f"{AUTH}totp/confirm/", {"otp": Phone(secret, clock).code()}), 409, "totp_not_begun")


@pytest.mark.parametrize("path", [TOKEN, "/api/v1/users/login/"])
def test_the_password_alone_does_not_let_in(dora: User, phone: Phone, path: str) -> None:
    check_problem(enter(dora.email, path=path), 401, "otp_required")
    check_problem(enter(dora.email, "000000", path=path), 401, "invalid_credentials")
    check_problem(enter(dora.email, phone.code(), "wrong", path), 401, "invalid_credentials")
    assert enter(dora.email, phone.code(), path=path).status_code == 200


def test_a_code_works_once(dora: User, phone: Phone) -> None:
    code = phone.code()
    assert enter(dora.email, f" {code[:3]} {code[3:]} ").status_code == 200
    check_problem(enter(dora.email, code), 401, "invalid_credentials")
    check_problem(enter(dora.email, phone.code(-1)), 401, "invalid_credentials")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_a_clock_may_be_one_step_off(dora: User, phone: Phone, clock: Clock, steps: int, status: int) -> None:
    clock.move(10)
    assert enter(dora.email, phone.code(steps)).status_code == status


def test_a_code_of_before_the_last_one_is_dead(dora: User, phone: Phone, clock: Clock) -> None:
    clock.move(10)
    assert enter(dora.email, phone.code(1)).status_code == 200
    assert enter(dora.email, phone.code()).status_code == 401
    clock.move(1)
    assert enter(dora.email, phone.code()).status_code == 401
    clock.move(1)
    assert enter(dora.email, phone.code()).status_code == 200


def test_a_recovery_code_stands_for_the_phone_once(
    dora: User, phone_and_codes: tuple[Phone, list[str]], jobs: Jobs
) -> None:
    codes = phone_and_codes[1]
    signed_in = enter(dora.email, codes[0].upper())
    assert signed_in.status_code == 200
    assert bearer(signed_in).get(f"{AUTH}totp/").json()["recovery_codes_left"] == 9
    check_problem(enter(dora.email, codes[0]), 401, "invalid_credentials")
    assert enter(dora.email, codes[1].replace("-", " ")).status_code == 200
    jobs.run()
    assert [m.subject for m in mail.outbox] == ["Recovery code used"] * 2


def test_new_recovery_codes_end_the_old_ones(
    dora: User, dora_api: APIClient, phone_and_codes: tuple[Phone, list[str]]
) -> None:
    new = dora_api.post(f"{AUTH}totp/recovery-codes/").json()["recovery_codes"]
    assert len(new) == 10 and not set(new) & set(phone_and_codes[1])
    assert enter(dora.email, phone_and_codes[1][0]).status_code == 401
    assert enter(dora.email, new[0]).status_code == 200


def pass_waits() -> None:
    client = valkey.connection()
    for key in client.scan_iter(valkey.key("lockout", "wait", "*")):
        client.delete(key)


def test_wrong_codes_lock_as_wrong_passwords_do(dora: User, phone: Phone) -> None:
    for _ in range(9):
        check_problem(enter(dora.email, "000000"), 401, "invalid_credentials")
        pass_waits()
        # Who knows the password clears nothing by it.
        check_problem(enter(dora.email), 401, "otp_required")
        pass_waits()
    check_problem(enter(dora.email, "000000"), 401, "invalid_credentials")
    refused = enter(dora.email, phone.code())
    check_problem(refused, 429, "locked")
    assert int(refused["Retry-After"]) > 800


def test_a_password_without_its_code_is_no_failure(dora: User, phone: Phone) -> None:
    for _ in range(30):
        check_problem(enter(dora.email), 401, "otp_required")
    for _ in range(9):
        lockout.begin(dora.email, "10.0.0.9")
        pass_waits()
    check_problem(enter(dora.email), 401, "otp_required")
    assert enter(dora.email, phone.code()).status_code == 200


def test_a_right_password_elsewhere_clears_no_wrong_codes(dora: User, dora_api: APIClient, phone: Phone) -> None:
    for n in range(5):
        enter(dora.email, "000000")
        if n < 4:
            body = {"email": "dora.new@example.org", "password": PASSWORD}
            assert dora_api.post("/api/v1/users/email/", body).status_code == 202
    check_problem(enter(dora.email, phone.code()), 429, "locked")


def test_a_new_password_does_not_go_round_the_factor(dora: User, dora_api: APIClient, phone: Phone, jobs: Jobs) -> None:
    new = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
    services.ask_for_reset(dora.email)
    token = jobs.waiting[-1][1]["url"].split("/")[-2]
    assert APIClient().post("/api/v1/users/password/reset/confirm/", {"token": token, **new}).status_code == 204
    check_problem(enter(dora.email, password=new["password"]), 401, "otp_required")
    signed_in = bearer(enter(dora.email, phone.code(), new["password"]))
    back = {"current_password": new["password"], "password": PASSWORD, "password_confirm": PASSWORD}
    assert signed_in.post("/api/v1/users/password/", back).status_code == 204
    check_problem(enter(dora.email), 401, "otp_required")


def test_turning_it_off_takes_the_password_and_a_code(
    dora: User, dora_api: APIClient, phone: Phone, clock: Clock, jobs: Jobs
) -> None:
    off = f"{AUTH}totp/off/"
    assert field_codes(dora_api.post(off, {"password": PASSWORD})) == {("otp", "required")}
    assert field_codes(dora_api.post(off, {"password": "wrong", "otp": phone.code()})) == {("password", "invalid")}
    assert field_codes(dora_api.post(off, {"password": PASSWORD, "otp": "000000"})) == {("otp", "invalid")}
    assert dora_api.post(off, {"password": PASSWORD, "otp": phone.code()}).status_code == 204
    check_problem(dora_api.post(off, {"password": PASSWORD, "otp": phone.code()}), 409, "totp_is_off")
    check_problem(dora_api.post(f"{AUTH}totp/recovery-codes/"), 409, "totp_is_off")
    assert enter(dora.email).status_code == 200
    assert not RecoveryCode.objects.exists()
    jobs.run()
    assert mail.outbox[-1].subject == "Second factor turned off"


def test_an_old_sign_in_confirms_first(dora: User, dora_api: APIClient, clock: Clock) -> None:
    grow_old(dora)
    check_problem(dora_api.post(f"{AUTH}totp/"), 403, "confirmation_required")
    assert field_codes(dora_api.post(f"{AUTH}confirm/", {"password": "wrong"})) == {("password", "invalid")}
    assert dora_api.post(f"{AUTH}confirm/", {"password": PASSWORD}).status_code == 204
    phone, _ = set_up(dora_api, clock)
    grow_old(dora)
    check_problem(dora_api.post(f"{AUTH}totp/recovery-codes/"), 403, "confirmation_required")
    assert field_codes(dora_api.post(f"{AUTH}confirm/", {"password": PASSWORD})) == {("otp", "required")}
    assert dora_api.post(f"{AUTH}confirm/", {"password": PASSWORD, "otp": phone.code()}).status_code == 204
    assert dora_api.post(f"{AUTH}totp/recovery-codes/").status_code == 200


def test_a_browser_remembers_that_it_came_with_two_factors(dora: User, phone: Phone) -> None:
    browser = Client()
    token = browser.get("/api/v1/users/csrf/").json()["csrf_token"]
    body = {"email": dora.email, "password": PASSWORD, "otp": phone.code()}
    answer = browser.post("/api/v1/users/login/", body, "application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    assert browser.session["second_factor"] is True


def test_other_parts_ask_who_it_is_by_one_function(dora: User, phone: Phone) -> None:
    with pytest.raises(Invalid) as refused:
        public.reauthenticate(dora.pk, password=PASSWORD, address="127.0.0.1")
    assert [(error.field, error.code) for error in refused.value.errors] == [("otp", "required")]
    public.reauthenticate(dora.pk, password=PASSWORD, otp=phone.code(), address="127.0.0.1")
    with pytest.raises(Invalid):
        public.reauthenticate(dora.pk, password=PASSWORD, otp=phone.code(), address="127.0.0.1")


def test_an_operator_helps_who_lost_the_phone(dora: User, phone: Phone, jobs: Jobs) -> None:
    assert public.remove_factors(" DORA@example.org") == ["second factor"]
    assert public.remove_factors(dora.email) == []
    assert enter(dora.email).status_code == 200
    jobs.run()
    assert mail.outbox[-1].subject == "Second factor and passkeys removed"


def test_under_another_secret_key_only_the_operator_helps(dora: User, phone: Phone, settings: Any) -> None:
    settings.SECRET_KEY = "another-key-of-at-least-fifty-characters-for-the-test"
    check_problem(enter(dora.email, phone.code()), 401, "invalid_credentials")
    public.remove_factors(dora.email)
    assert enter(dora.email).status_code == 200


@pytest.mark.timeout(30)
def test_real_time_is_what_codes_are_made_of(dora: User, dora_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors, "time", time)
    secret = dora_api.post(f"{AUTH}totp/").json()["secret"]
    code = totp.code_of(secret, totp.step_at(time.time()))
    assert dora_api.post(f"{AUTH}totp/confirm/", {"otp": code}).status_code == 200
