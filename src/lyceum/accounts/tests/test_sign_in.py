"""Lockout, token doors and sign-ins, as a stranger tries them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.accounts import hashers, lockout, services, tokens
from lyceum.accounts.models import Session, Token, TokenFamily, User
from lyceum.core import valkey
from lyceum.core.errors import Unavailable
from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.people import make_person

PASSWORD = "Lefroy-salt-lake-7"
TOKEN = "/api/v1/auth/token/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


STEP = 100


@pytest.fixture(autouse=True)
def long_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a second last a hundred, so that a slow machine sees no wait end by itself."""
    assert lockout.STEP_SECONDS == 1
    monkeypatch.setattr(lockout, "STEP_SECONDS", STEP)


@pytest.fixture
def dora(db: None) -> User:
    return make_person("dora", password=PASSWORD)


def enter(api: APIClient, email: str, password: str, path: str = TOKEN) -> Any:
    return api.post(path, {"email": email, "password": password})


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def pass_time(seconds: int) -> None:
    """Let every wait of the lockout grow shorter, as if time had passed."""
    client = valkey.connection()
    for key in client.scan_iter(valkey.key("lockout", "wait", "*")):
        left = client.pttl(key) - seconds * 1000
        client.pexpire(key, left) if left > 0 else client.delete(key)


@pytest.mark.parametrize("email", ["dora@example.org", "nobody@example.org"])
def test_failures_slow_down_and_the_tenth_locks_a_quarter_of_an_hour(api: APIClient, dora: User, email: str) -> None:
    waits = [1 * STEP, 2 * STEP, 4 * STEP, 8 * STEP, 16 * STEP, 900]
    for n in range(1, 11):
        check_problem(enter(api, email, "wrong"), 401, "invalid_credentials")
        if n >= 5:
            wait = waits[n - 5]
            refused = enter(api, email, PASSWORD)
            check_problem(refused, 429, "locked")
            assert wait - STEP / 2 < int(refused["Retry-After"]) <= wait
            pass_time(wait)
    # The count begins again: five more failures are free.
    for _ in range(5):
        assert enter(api, email, "wrong").status_code == 401
    assert enter(api, email, "wrong").status_code == 429


def test_a_try_that_has_to_wait_counts_as_nothing(api: APIClient, dora: User) -> None:
    for _ in range(5):
        enter(api, dora.email, "wrong")
    for _ in range(8):
        assert enter(api, dora.email, "wrong").status_code == 429
    pass_time(STEP)
    assert enter(api, dora.email, "wrong").status_code == 401
    assert STEP < int(enter(api, dora.email, PASSWORD)["Retry-After"]) <= 2 * STEP


def test_a_success_clears_the_count_in_any_form_of_the_address(api: APIClient, dora: User) -> None:
    for _ in range(2):
        for _ in range(4):
            assert enter(api, " DORA@Example.org", "wrong").status_code == 401
        assert enter(api, dora.email, PASSWORD).status_code == 200


def test_an_address_is_locked_after_fifty_failures(api: APIClient, dora: User) -> None:
    for n in range(50):
        lockout.begin(f"guess{n}@example.org", "127.0.0.1")
    refused = enter(api, dora.email, PASSWORD)
    check_problem(refused, 429, "locked")
    assert 800 < int(refused["Retry-After"]) <= 900
    assert enter(APIClient(REMOTE_ADDR="10.0.0.9"), dora.email, PASSWORD).status_code == 200


def test_a_wrong_current_password_counts_too(api: APIClient, dora: User) -> None:
    signed_in = bearer(enter(api, dora.email, PASSWORD).json()["access"])
    new = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
    for _ in range(5):
        answer = signed_in.post("/api/v1/users/password/", {"current_password": "wrong", **new})
        assert field_codes(answer) == {("current_password", "invalid")}
    check_problem(enter(api, dora.email, PASSWORD), 429, "locked")
    answer = signed_in.post("/api/v1/users/password/", {"current_password": PASSWORD, **new})
    check_problem(answer, 429, "locked")


def test_a_token_pair_has_its_lives(api: APIClient, dora: User) -> None:
    pair = enter(api, dora.email, PASSWORD).json()
    assert set(pair) == {"access", "refresh", "access_expires_at", "refresh_expires_at"}
    lives = {name: timezone.datetime.fromisoformat(pair[f"{name}_expires_at"]) for name in ("access", "refresh")}
    assert abs(lives["access"] - timezone.now() - timedelta(minutes=60)) < timedelta(minutes=1)
    assert abs(lives["refresh"] - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert bearer(pair["access"]).get("/api/v1/auth/me/").json()["email"] == dora.email
    assert bearer(pair["refresh"]).get("/api/v1/auth/me/").json()["code"] == "token_invalid"
    assert api.post(f"{TOKEN}verify/", {"token": pair["access"]}).json() == {}
    assert not Token.objects.filter(hash__in=(pair["access"], pair["refresh"])).exists()


def test_a_used_refresh_token_is_a_race_within_ten_seconds_and_a_theft_later(api: APIClient, dora: User) -> None:
    first = enter(api, dora.email, PASSWORD).json()
    second = api.post(f"{TOKEN}refresh/", {"refresh": first["refresh"]}).json()
    assert set(second) == set(first)
    check_problem(api.post(f"{TOKEN}refresh/", {"refresh": first["refresh"]}), 401, "token_rotated")
    assert bearer(second["access"]).get("/api/v1/auth/me/").status_code == 200
    Token.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - tokens.RACE * 1.1)
    check_problem(api.post(f"{TOKEN}refresh/", {"refresh": first["refresh"]}), 401, "token_reused")
    refused = bearer(second["access"]).get("/api/v1/auth/me/")
    check_problem(refused, 401, "token_revoked")
    assert refused["WWW-Authenticate"] == 'Bearer realm="lyceum", error="invalid_token"'
    check_problem(api.post(f"{TOKEN}refresh/", {"refresh": second["refresh"]}), 401, "token_revoked")
    check_problem(api.post(f"{TOKEN}verify/", {"token": second["access"]}), 401, "token_revoked")


def test_reuse_and_blacklist_close_the_sockets_of_the_family(
    api: APIClient, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[tuple[str, str]] = []
    monkeypatch.setattr(tokens, "push_on_commit", lambda group, frame, control: closed.append((group, control)))
    for act in ("blacklist", "reuse"):
        pair = enter(api, dora.email, PASSWORD).json()
        family = TokenFamily.objects.get(revoked_at=None)
        if act == "blacklist":
            assert api.post(f"{TOKEN}blacklist/", {"refresh": pair["refresh"]}).status_code == 204
        else:
            api.post(f"{TOKEN}refresh/", {"refresh": pair["refresh"]})
            Token.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - tokens.RACE * 2)
            api.post(f"{TOKEN}refresh/", {"refresh": pair["refresh"]})
        assert closed.pop() == (f"session:{family.pk}", "close:4401")
        assert bearer(pair["access"]).get("/api/v1/auth/me/").json()["code"] == "token_revoked"


def test_any_token_that_was_ever_ours_can_be_given_back(api: APIClient, dora: User) -> None:
    pair = enter(api, dora.email, PASSWORD).json()
    Token.objects.update(expires_at=timezone.now() - timedelta(days=1))
    check_problem(api.post(f"{TOKEN}refresh/", {"refresh": pair["refresh"]}), 401, "token_invalid")
    for token in (pair["refresh"], pair["refresh"], pair["access"]):
        assert api.post(f"{TOKEN}blacklist/", {"refresh": token}).status_code == 204
    for token in ("lyr_unknown", "x", "é" * 500):
        check_problem(api.post(f"{TOKEN}blacklist/", {"refresh": token}), 401, "token_invalid")


def test_a_bad_bearer_token_decides_even_beside_a_good_cookie(dora: User) -> None:
    browser = Client()
    browser.force_login(dora)
    me = "/api/v1/auth/me/"
    assert browser.get(me).status_code == 200
    for header in ("Bearer lya_unknown", "Bearer", "Bearer a b", "Basic ZG9yYTp4", "lya_unknown", "Bearer \xe9"):
        check_problem(browser.get(me, headers={"Authorization": header}), 401, "token_invalid")


def test_a_bearer_token_needs_no_csrf_and_a_cookie_does(dora: User) -> None:
    pair = tokens.open_family(dora, address="", user_agent="")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(dora)
    options: Any = {"content_type": "application/json"}
    me, body = "/api/v1/auth/me/", {"timezone": "UTC"}
    check_problem(browser.patch(me, body, **options), 403, "csrf_failed")
    token = browser.get("/api/v1/users/csrf/").json()["csrf_token"]
    assert browser.patch(me, body, headers={"X-CSRFToken": token}, **options).status_code == 200
    check_problem(browser.patch(me, body, headers={"X-CSRFToken": "x" * 32}, **options), 403, "csrf_failed")
    other = Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {pair.access}"}
    assert other.patch(me, body, headers=headers, **options).status_code == 200


def test_a_session_changes_its_key_at_sign_in(dora: User) -> None:
    browser = Client()
    session = browser.session
    session["fixed"] = True
    session.save()
    before = session.session_key
    answer = browser.post("/api/v1/users/login/", {"email": dora.email, "password": PASSWORD}, "application/json")
    assert set(answer.json()) == {"id", "email", "first_name", "last_name", "role", "date_joined"}
    cookie = answer.cookies["sessionid"]
    assert cookie.value != before
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "csrftoken" in answer.cookies


def test_sign_ins_are_listed_newest_first_and_ended_one_by_one_or_all(api: APIClient, dora: User) -> None:
    clients = [bearer(enter(api, dora.email, PASSWORD).json()["access"]) for _ in range(3)]
    url = "/api/v1/users/sessions/"
    found = clients[0].get(url).json()
    assert isinstance(found, list)
    assert [row["current"] for row in found] == [False, False, True]
    assert [row["created_at"] for row in found] == sorted((row["created_at"] for row in found), reverse=True)
    assert len(clients[0].get(url, {"limit": 1}).json()) == 1
    assert field_codes(clients[0].get(url, {"limit": 101})) == {("limit", "too_large")}
    assert clients[0].delete(f"{url}{found[0]['id']}/").status_code == 204
    assert clients[2].get(url).status_code == 401
    check_problem(clients[0].delete(f"{url}{found[0]['id']}/"), 404, "not_found")
    assert field_codes(clients[0].delete(url)) == {("others", "required")}
    assert clients[0].delete(f"{url}?others=true").status_code == 204
    assert (clients[0].get(url).status_code, clients[1].get(url).status_code) == (200, 401)


def test_the_sign_ins_of_others_do_not_exist(api: APIClient, dora: User, alice_api: APIClient) -> None:
    enter(api, dora.email, PASSWORD)
    family = TokenFamily.objects.get()
    check_problem(alice_api.delete(f"/api/v1/users/sessions/{family.pk}/"), 404, "not_found")
    family.refresh_from_db()
    assert family.revoked_at is None


def test_a_sign_in_in_use_says_when_it_was_seen(dora: User) -> None:
    browser = Client()
    browser.force_login(dora)
    long_ago = timezone.now() - timedelta(days=1)
    Session.objects.update(last_seen_at=long_ago)
    browser.get("/api/v1/auth/me/")
    assert Session.objects.get().last_seen_at > long_ago + timedelta(hours=23)


def test_a_password_change_ends_all_other_sign_ins(api: APIClient, dora: User) -> None:
    mine, other = (bearer(enter(api, dora.email, PASSWORD).json()["access"]) for _ in range(2))
    browser = Client()
    browser.force_login(dora)
    new = "Norseman-granite-3"
    body = {"current_password": PASSWORD, "password": new, "password_confirm": new}
    assert mine.post("/api/v1/users/password/", body).status_code == 204
    me = "/api/v1/auth/me/"
    assert [client.get(me).status_code for client in (mine, other, browser)] == [200, 401, 401]
    assert enter(api, dora.email, PASSWORD).status_code == 401
    assert enter(api, dora.email, new).status_code == 200


def test_a_password_change_from_a_browser_keeps_that_browser(dora: User) -> None:
    browser, other = Client(), Client()
    for client in (browser, other):
        client.force_login(dora)
    new = "Norseman-granite-3"
    body = {"current_password": PASSWORD, "password": new, "password_confirm": new}
    assert browser.post("/api/v1/users/password/", body, "application/json").status_code == 204
    assert (browser.get("/api/v1/auth/me/").status_code, other.get("/api/v1/auth/me/").status_code) == (200, 401)


def test_every_broken_rule_of_a_new_password_is_told_beside_a_wrong_current_one(api: APIClient, dora: User) -> None:
    signed_in = bearer(enter(api, dora.email, PASSWORD).json()["access"])
    body = {"current_password": "wrong", "password": "1234567", "password_confirm": "x"}
    assert field_codes(signed_in.post("/api/v1/users/password/", body)) >= {
        ("current_password", "invalid"),
        ("password", "too_short"),
        ("password", "password_numeric"),
        ("password_confirm", "mismatch"),
    }


def test_who_is_deactivated_is_out_at_once(api: APIClient, dora: User) -> None:
    pair = enter(api, dora.email, PASSWORD).json()
    browser = Client()
    browser.force_login(dora)
    services.deactivate(dora, actor=None)
    me = "/api/v1/auth/me/"
    assert (bearer(pair["access"]).get(me).status_code, browser.get(me).status_code) == (401, 401)
    assert api.post(f"{TOKEN}refresh/", {"refresh": pair["refresh"]}).status_code == 401
    check_problem(enter(api, dora.email, PASSWORD), 401, "invalid_credentials")


def test_sign_ins_are_audited_and_logged_without_secrets(
    api: APIClient, dora: User, caplog: pytest.LogCaptureFixture
) -> None:
    enter(api, dora.email, "wrong-guess-9")
    pair = enter(api, dora.email, PASSWORD).json()
    api.post(f"{TOKEN}blacklist/", {"refresh": pair["refresh"]})
    actions = list(AuditEntry.objects.filter(actor=dora).order_by("created_at").values_list("action", flat=True))
    assert actions == ["user.signed_in", "tokens.opened", "tokens.revoked"]
    said = caplog.text + str(list(AuditEntry.objects.values_list("detail", flat=True)))
    assert "sign_in_failed" in said
    for secret in ("wrong-guess-9", PASSWORD, pair["refresh"], pair["access"]):
        assert secret not in said


def test_known_and_unknown_people_take_the_same_work(
    api: APIClient, dora: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_VERIFICATION = "required"
    hashed: list[str] = []
    for name in ("encode", "verify"):
        original = getattr(hashers.BoundedArgon2PasswordHasher, name)

        def counted(self: Any, *args: Any, original: Any = original) -> Any:
            hashed.append("once")
            return original(self, *args)

        monkeypatch.setattr(hashers.BoundedArgon2PasswordHasher, name, counted)

    def work(path: str, body: dict[str, Any]) -> int:
        hashed.clear()
        api.post(path, body)
        return len(hashed)

    assert [work(TOKEN, {"email": e, "password": "wrong"}) for e in (dora.email, "no@example.org")] == [1, 1]
    both = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
    person = {"first_name": "Dora", "last_name": "Tester", **both}
    path = "/api/v1/users/register/"
    assert [work(path, {"email": e, **person}) for e in (dora.email, "new@example.org")] == [1, 1]


def test_only_a_few_passwords_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    hasher = hashers.BoundedArgon2PasswordHasher()
    with hashers._place(), hashers._place(), pytest.raises(Unavailable):
        hasher.encode("x", "salt1234")
    assert hasher.verify("x", hasher.encode("x", "salt1234"))
