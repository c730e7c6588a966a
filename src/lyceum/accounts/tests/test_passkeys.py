"""Passkeys over the API, with a device in software that may also cheat."""

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from fido2.utils import websafe_decode, websafe_encode
from rest_framework.test import APIClient

from lyceum.accounts import factors, passkeys, public, reauthentication, services
from lyceum.accounts.models import Passkey, Session, TokenFamily, Totp, User
from lyceum.accounts.tests.test_second_factor import grow_old
from lyceum.core.errors import DomainError
from lyceum.core.ids import uuid7
from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.authenticator import Authenticator
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.people import make_person

PASSWORD = "Lefroy-salt-lake-7"
AUTH = "/api/v1/auth/"
KEYS = f"{AUTH}passkeys/"
HERE = {"HTTP_HOST": "localhost"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture
def dora(db: None) -> User:
    return make_person("dora", password=PASSWORD)


def program_of(user: User, otp: str = "") -> APIClient:
    client = APIClient(**HERE)
    body = {"email": user.email, "password": PASSWORD} | ({"otp": otp} if otp else {})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {client.post(f'{AUTH}token/', body).json()['access']}")
    return client


@pytest.fixture
def dora_api(dora: User) -> APIClient:
    return program_of(dora)


def add(client: APIClient, device: Authenticator, **more: Any) -> Any:
    begun = client.post(f"{KEYS}options/").json()
    body = {"state": begun["state"], "credential": device.create(begun["public_key"]), **more}
    return client.post(KEYS, body)


def enter(device: Authenticator, client: APIClient | None = None, way: str = "token") -> Any:
    client = client or APIClient(**HERE)
    begun = client.post(f"{KEYS}{way}/options/").json()
    return client.post(f"{KEYS}{way}/", {"state": begun["state"], "credential": device.get(begun["public_key"])})


@pytest.fixture
def device(dora_api: APIClient) -> Authenticator:
    found = Authenticator()
    assert add(dora_api, found, name="Phone").status_code == 201
    return found


def test_a_passkey_is_made_and_signs_in(dora: User, dora_api: APIClient, jobs: Jobs) -> None:
    device = Authenticator()
    options = dora_api.post(f"{KEYS}options/").json()["public_key"]
    assert options["rp"] == {"id": "localhost", "name": "Lyceum"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    made = add(dora_api, device, name="Phone")
    assert made.status_code == 201, made.content
    assert set(made.json()) == {"id", "name", "is_synced", "rp_id", "created_at", "last_used_at"}
    signed_in = enter(device)
    assert set(signed_in.json()) == {"access", "refresh", "access_expires_at", "refresh_expires_at"}
    row = dora_api.get(KEYS).json()["results"][0]
    assert (row["name"], row["last_used_at"] is None) == ("Phone", False)
    jobs.run()
    assert [message.subject for message in mail.outbox] == ["Passkey added"]
    assert AuditEntry.objects.filter(action="user.signed_in", detail__way="passkey").exists()


def test_a_sign_in_says_that_it_was_made_with_a_passkey(dora: User, dora_api: APIClient, device: Authenticator) -> None:
    client = APIClient(**HERE)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {enter(device).json()['access']}")
    ways = {one["current"]: one["through"] for one in client.get("/api/v1/users/sessions/").json()}
    assert ways == {True: "passkey", False: "password"}
    browser = Client()
    browser.force_login(dora)
    assert "with a passkey" in browser.get("/sessions/").content.decode()


def test_a_passkey_stands_for_both_factors(dora: User, device: Authenticator) -> None:
    Totp.objects.create(user=dora, sealed_secret="x", last_step=1)
    assert enter(device).status_code == 200
    browser = Client(HTTP_HOST="localhost")
    token = browser.get("/api/v1/users/csrf/").json()["csrf_token"]
    headers: Any = {"X-CSRFToken": token}
    begun = browser.post(f"{KEYS}login/options/", headers=headers).json()
    body = {"state": begun["state"], "credential": device.get(begun["public_key"])}
    answer = browser.post(f"{KEYS}login/", body, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["email"]) == (200, dora.email)
    assert browser.session["second_factor"] is True
    assert browser.get("/profile/", headers={"Accept": "text/html"}).status_code == 200


def test_another_browser_cannot_answer_what_one_began(dora: User, device: Authenticator) -> None:
    browsers = [Client(HTTP_HOST="localhost") for _ in range(2)]
    headers: Any = [{"X-CSRFToken": one.get("/api/v1/users/csrf/").json()["csrf_token"]} for one in browsers]
    begun = browsers[0].post(f"{KEYS}login/options/", headers=headers[0]).json()
    body = {"state": begun["state"], "credential": device.get(begun["public_key"])}
    answer = browsers[1].post(f"{KEYS}login/", body, "application/json", headers=headers[1])
    check_problem(answer, 401, "passkey_refused")
    assert not Session.objects.filter(user=dora).exists()
    checked = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    check_problem(checked.post(f"{KEYS}login/options/"), 403, "csrf_failed")


def test_a_challenge_is_good_once_and_for_its_purpose(dora: User, device: Authenticator) -> None:
    api = APIClient(**HERE)
    begun = api.post(f"{KEYS}token/options/").json()
    body = {"state": begun["state"], "credential": device.get(begun["public_key"])}
    assert api.post(f"{KEYS}token/", body).status_code == 200
    check_problem(api.post(f"{KEYS}token/", body), 401, "passkey_refused")
    # A refused answer uses the challenge up too.
    begun = api.post(f"{KEYS}token/options/").json()
    wrong = {"state": begun["state"], "credential": Authenticator(rp_id="localhost").get(begun["public_key"])}
    check_problem(api.post(f"{KEYS}token/", wrong), 401, "passkey_refused")
    right = {"state": begun["state"], "credential": device.get(begun["public_key"])}
    check_problem(api.post(f"{KEYS}token/", right), 401, "passkey_refused")
    mine = program_of(dora)
    begun = mine.post(f"{KEYS}confirm/options/").json()
    body = {"state": begun["state"], "credential": device.get(begun["public_key"])}
    check_problem(api.post(f"{KEYS}token/", body), 401, "passkey_refused")


def test_another_challenge_is_not_the_one_that_was_signed(device: Authenticator) -> None:
    api = APIClient(**HERE)
    first, second = (api.post(f"{KEYS}token/options/").json() for _ in range(2))
    body = {"state": second["state"], "credential": device.get(first["public_key"])}
    check_problem(api.post(f"{KEYS}token/", body), 401, "passkey_refused")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:9999"),
        ("rp_id", "evil.example"),
        ("is_verified", False),
        ("user_handle", b"somebody else 16"),
        ("key", Authenticator().key),
    ],
)
def test_what_is_signed_for_elsewhere_or_by_another_is_refused(
    device: Authenticator, attribute: str, value: object
) -> None:
    setattr(device, attribute, value)
    check_problem(enter(device), 401, "passkey_refused")
    assert TokenFamily.objects.count() == 1


def test_a_counter_that_goes_back_is_that_of_a_copy(dora: User, device: Authenticator) -> None:
    assert enter(device).status_code == 200
    device.counter -= 1
    check_problem(enter(device), 401, "passkey_refused")
    device.counter, device.counts = 0, False
    check_problem(enter(device), 401, "passkey_refused")
    assert AuditEntry.objects.filter(action="user.passkey_copied", actor=dora).count() == 2


def test_a_synced_passkey_does_not_count(dora: User, dora_api: APIClient) -> None:
    device = Authenticator(counts=False)
    assert add(dora_api, device).status_code == 201
    assert [enter(device).status_code for _ in range(3)] == [200, 200, 200]


def test_a_passkey_for_another_name_is_refused_here(dora: User, device: Authenticator) -> None:
    Passkey.objects.update(rp_id="other.example")
    check_problem(enter(device), 401, "passkey_refused")


def test_who_is_deactivated_does_not_get_in(dora: User, device: Authenticator) -> None:
    services.deactivate(dora, actor=None)
    check_problem(enter(device), 401, "passkey_refused")


def test_an_unconfirmed_address_is_asked_for_first(dora: User, device: Authenticator, settings: Any) -> None:
    settings.EMAIL_VERIFICATION = "required"
    check_problem(enter(device), 403, "email_unverified")


def test_a_locked_account_is_open_to_its_passkey(dora: User, device: Authenticator) -> None:
    for _ in range(5):
        APIClient().post(f"{AUTH}token/", {"email": dora.email, "password": "wrong"})
    assert enter(device).status_code == 200


def test_anothers_passkey_neither_confirms_nor_is_added_again(dora: User, device: Authenticator) -> None:
    erik = make_person("erik", password=PASSWORD)
    erik_api = program_of(erik)
    check_problem(enter(device, erik_api, "confirm"), 401, "passkey_refused")
    check_problem(add(erik_api, device), 409, "passkey_known")
    row = Passkey.objects.get()
    for method in ("patch", "delete"):
        body = {"name": "Mine"} if method == "patch" else None
        check_problem(getattr(erik_api, method)(f"{KEYS}{row.pk}/", body), 404, "not_found")
    assert erik_api.get(KEYS).json()["results"] == []


@pytest.mark.parametrize(("attribute", "value"), [("origin", "https://evil.example"), ("is_verified", False)])
def test_what_is_made_elsewhere_is_not_added(dora_api: APIClient, attribute: str, value: object) -> None:
    device = Authenticator()
    setattr(device, attribute, value)
    check_problem(add(dora_api, device), 409, "passkey_invalid")
    assert not Passkey.objects.exists()


def test_another_sign_in_cannot_add_what_one_began(dora: User, dora_api: APIClient) -> None:
    begun = dora_api.post(f"{KEYS}options/").json()
    body = {"state": begun["state"], "credential": Authenticator().create(begun["public_key"])}
    check_problem(program_of(dora).post(KEYS, body), 409, "passkey_invalid")
    check_problem(dora_api.post(KEYS, body), 409, "passkey_invalid")


def test_an_old_sign_in_confirms_first_with_a_passkey_if_it_likes(
    dora: User, dora_api: APIClient, device: Authenticator
) -> None:
    row = Passkey.objects.get()
    grow_old(dora)
    assert TokenFamily.objects.filter(created_at__lt=row.created_at - reauthentication.CONFIRMED / 2).exists()
    check_problem(dora_api.post(f"{KEYS}options/"), 403, "confirmation_required")
    check_problem(dora_api.delete(f"{KEYS}{row.pk}/"), 403, "confirmation_required")
    assert enter(device, dora_api, "confirm").status_code == 204
    assert dora_api.delete(f"{KEYS}{row.pk}/").status_code == 204
    check_problem(enter(device), 401, "passkey_refused")


def test_the_only_way_in_is_not_removed(dora: User, dora_api: APIClient, device: Authenticator) -> None:
    dora.set_unusable_password()
    dora.save()
    path = f"{KEYS}{Passkey.objects.get().pk}/"
    check_problem(dora_api.delete(path), 409, "only_way_in")
    assert add(dora_api, Authenticator()).status_code == 201
    assert dora_api.delete(path).status_code == 204
    assert enter(device).status_code == 401


def test_a_passkey_gets_another_name(dora: User, dora_api: APIClient, device: Authenticator) -> None:
    path = f"{KEYS}{Passkey.objects.get().pk}/"
    answer = dora_api.patch(path, {"name": "Old phone"})
    assert answer.json()["name"] == "Old phone"
    check_problem(dora_api.patch(path, {"name": "x"}, headers={"If-Match": '"other"'}), 412, "precondition_failed")
    assert dora_api.patch(path, {"name": "New"}, headers={"If-Match": answer["ETag"]}).status_code == 200
    assert field_codes(dora_api.patch(path, {"name": "x" * 101})) == {("name", "too_long")}


def test_one_person_has_at_most_twenty(dora_api: APIClient, dora: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert passkeys.MAX_EACH == 20
    monkeypatch.setattr(passkeys, "MAX_EACH", 2)
    begun = dora_api.post(f"{KEYS}options/").json()
    assert [add(dora_api, Authenticator()).status_code for _ in range(2)] == [201, 201]
    check_problem(dora_api.post(f"{KEYS}options/"), 409, "too_many_passkeys")
    body = {"state": begun["state"], "credential": Authenticator().create(begun["public_key"])}
    check_problem(dora_api.post(KEYS, body), 409, "too_many_passkeys")


def test_what_is_known_is_named_so_that_no_device_makes_two(dora_api: APIClient, device: Authenticator) -> None:
    known = dora_api.post(f"{KEYS}options/").json()["public_key"]["excludeCredentials"]
    identity = websafe_encode(device.credential_id)
    assert known == [{"type": "public-key", "id": identity, "transports": ["internal", "hybrid"]}]


@pytest.mark.parametrize("broken", [{}, {"rawId": 5}, {"rawId": "%"}, {"rawId": "AAAA", "response": []}])
def test_garbage_is_refused_like_a_wrong_answer(dora_api: APIClient, broken: dict[str, Any]) -> None:
    begun = dora_api.post(f"{KEYS}options/").json()
    check_problem(dora_api.post(KEYS, {"state": begun["state"], "credential": broken}), 409, "passkey_invalid")
    begun = dora_api.post(f"{KEYS}token/options/").json()
    check_problem(
        dora_api.post(f"{KEYS}token/", {"state": begun["state"], "credential": broken}), 401, "passkey_refused"
    )


def test_an_answer_cut_or_bent_anywhere_is_refused(dora_api: APIClient, device: Authenticator) -> None:
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for bend in (lambda data: data[:-3], lambda data: b"", lambda data: b"\x9f" * 4000):
            begun = dora_api.post(f"{KEYS}token/options/").json()
            answer = device.get(begun["public_key"])
            answer["response"][name] = websafe_encode(bend(websafe_decode(answer["response"][name])))
            refused = dora_api.post(f"{KEYS}token/", {"state": begun["state"], "credential": answer})
            check_problem(refused, 401, "passkey_refused")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "127.0.0.1:8000"])
def test_an_address_without_a_name_has_no_passkeys(dora: User, host: str) -> None:
    answer = APIClient(HTTP_HOST=host).post(f"{KEYS}token/options/")
    check_problem(answer, 409, "passkeys_need_name")


def test_a_place_is_the_host_and_the_public_address(settings: Any) -> None:
    settings.PUBLIC_URL = "https://lyceum.example:8443"
    here = passkeys.place_at("lyceum.example", scheme="http")
    assert here.rp_id == "lyceum.example"
    assert here.origins == {"https://lyceum.example", "http://lyceum.example", "https://lyceum.example:8443"}
    assert passkeys.place_at("localhost:8000", scheme="http").origins == {
        "http://localhost:8000",
        "https://localhost:8000",
    }
    assert django_settings.PUBLIC_URL not in passkeys.place_at("other.example", scheme="http").origins


def test_an_operator_takes_passkeys_away_too(dora: User, device: Authenticator) -> None:
    assert public.remove_factors(dora.email) == ["1 passkey"]
    assert not factors.is_on(dora)
    with pytest.raises(DomainError):
        passkeys.get_for(dora, uuid7())
    check_problem(enter(device), 401, "passkey_refused")
