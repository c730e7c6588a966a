"""The provider's own rules, apart from the flows that a client's library tries: addresses, documents, keys, ends."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.accounts import services, tasks, tokens
from lyceum.accounts.models import Session, TokenFamily, User
from lyceum.accounts.oauth import apps, devices, grants, signing
from lyceum.accounts.oauth.errors import OAuthError
from lyceum.accounts.oauth.models import App, AppGrant, AuthorizationCode, DeviceCode, SigningKey
from lyceum.accounts.oauth.requests import Ask
from lyceum.core import outbound
from lyceum.core.models import AuditEntry
from lyceum.core.testing.api_cases import check_problem, field_codes

APPS = "/api/v1/auth/apps/"
BODY = {
    "name": "Core shed",
    "redirect_uris": ["https://cores.example.org/back"],
    "scopes": ["openid", "chat:read"],
    "is_confidential": True,
}
pytestmark = pytest.mark.django_db


def make(**changes: Any) -> App:
    return apps.create(**{**BODY, **changes})[0]


def acting(person: User, *scopes: str) -> tuple[APIClient, TokenFamily]:
    """Return a client with the token of an app that acts for the person."""
    pair = tokens.open_family(person, address="", user_agent="", app=make(), scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    return client, tokens.family_of(pair)


@pytest.mark.parametrize(
    ("uri", "is_good"),
    [
        ("https://app.example.org/back", True),
        ("https://app.example.org/back?from=us", True),
        ("http://127.0.0.1:4000/back", True),
        ("http://localhost/back", True),
        ("http://[::1]:4000/back", True),
        ("org.example.app:/back", True),
        ("http://app.example.org/back", False),
        ("http://127.0.0.1.evil.example/back", False),
        ("https://app.example.org/back#part", False),
        ("https://*.example.org/back", False),
        ("https://who@app.example.org/back", False),
        ("https:///back", False),
        ("javascript:alert(1)", False),
        ("data:text/html,hello", False),
        ("myapp:/back", False),
        ("https://app.example.org/ back", False),
        ("https://[app/back", False),
        ("https://app;script-src/back", False),
        ("https://äpp.example.org/back", False),
        ("https://app.example.org/\ud800", False),
        ("", False),
    ],
)
def test_answers_go_by_https_to_this_machine_or_to_a_scheme_of_the_apps_own(uri: str, is_good: bool) -> None:
    assert apps.is_good_redirect(uri) is is_good


@pytest.mark.parametrize(
    ("uri", "is_its"),
    [
        ("http://127.0.0.1:4000/back", True),
        ("http://127.0.0.1/back", True),
        ("http://127.0.0.1:4000/other", False),
        ("http://127.0.0.1:4000/back?more=1", False),
        ("http://127.0.0.1:4000/back#x", False),
        ("http://127.0.0.1:x/back", False),
        ("http://127.0.0.1:4000@evil.example/back", False),
        ("http://127.0.0.1:4000/back\n", False),
        (" http://127.0.0.1:4000/back", False),
        ("http://localhost:4000/back", False),
        ("https://app.example.org/back", True),
        ("https://app.example.org:8443/back", False),
    ],
)
def test_only_on_this_machine_may_the_port_differ(uri: str, is_its: bool) -> None:
    app = App(redirect_uris=["http://127.0.0.1:9/back", "https://app.example.org/back"])
    assert apps.is_redirect_of(app, uri) is is_its


def test_staff_make_an_app_whose_secret_is_shown_once(staff_api: APIClient) -> None:
    made = staff_api.post(APPS, BODY)
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    listed = staff_api.get(APPS).json()["results"]
    assert listed == [{name: value for name, value in made.json().items() if name != "secret"}]
    app = App.objects.get()
    assert apps.check_secret(app, made.json()["secret"])
    assert not apps.check_secret(app, "")
    assert made.json()["secret"] not in str(list(App.objects.values())) + str(list(AuditEntry.objects.values()))
    assert staff_api.post(APPS, {**BODY, "is_confidential": False}).json()["secret"] == ""


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": ""}, ("name", "blank")),
        ({"name": "Lyceum\u202e"}, ("name", "invalid")),
        ({"redirect_uris": []}, ("redirect_uris", "required")),
        ({"redirect_uris": ["http://app.example.org/"]}, ("redirect_uris", "invalid")),
        ({"scopes": ["services:all"]}, ("scopes", "invalid")),
        ({"is_confidential": "yes"}, ("is_confidential", "invalid_type")),
        ({"skip_consent": True}, ("skip_consent", "unknown_field")),
    ],
)
def test_an_app_needs_good_addresses_and_known_scopes(
    staff_api: APIClient, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert fault in field_codes(staff_api.post(APPS, {**BODY, **changes}))
    assert not App.objects.exists()


def test_an_app_for_devices_needs_no_address(staff_api: APIClient) -> None:
    body = {name: value for name, value in BODY.items() if name != "redirect_uris"}
    assert ("redirect_uris", "required") in field_codes(staff_api.post(APPS, body))
    made = staff_api.post(APPS, {**body, "may_use_devices": True})
    assert (made.status_code, made.json()["redirect_uris"]) == (201, [])


def test_a_deactivated_person_is_not_acted_for(alice: User) -> None:
    client, family = acting(alice, "chat:read")
    assert client.get("/api/v1/chat/conversations/").status_code == 200
    services.deactivate(alice, actor=None)
    check_problem(client.get("/api/v1/chat/conversations/"), 401, "token_invalid")
    family.refresh_from_db()
    assert family.revoked_at is not None


def test_what_is_for_people_stays_shut_to_apps(alice: User) -> None:
    client, family = acting(alice, *apps.all_scopes())
    for method, path in (("post", "users/password/"), ("get", "users/sessions/"), ("get", "users/apps/")):
        check_problem(getattr(client, method)(f"/api/v1/{path}", {}), 403, "forbidden")
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    check_problem(client.get(APPS), 403, "forbidden")
    assert client.get("/api/v1/users/profile/").status_code == 200
    ticket = client.post("/api/v1/auth/ws-ticket/")
    assert ticket.status_code == 200
    assert TokenFamily.objects.get() == family


def test_taking_back_ends_codes_devices_and_sockets(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[tuple[str, str]] = []
    monkeypatch.setattr(tokens, "push_on_commit", lambda group, frame, control: closed.append((group, control)))
    client, family = acting(alice, "chat:read")
    app = App.objects.get()
    grant = AppGrant.objects.create(user=alice, app=app, scopes=["chat:read"])
    _secret, device = devices.begin(app, ["chat:read"])
    assert devices.decide(alice, device, is_allowed=True, signed_in_at=timezone.now())
    assert not devices.decide(alice, device, is_allowed=True, signed_in_at=timezone.now())

    grants.take_back(alice, grant.pk)

    assert closed == [(f"session:{family.pk}", "close:4401")]
    assert not DeviceCode.objects.exists()
    check_problem(client.get("/api/v1/chat/conversations/"), 401, "token_revoked")


def test_signing_out_everywhere_leaves_an_app_nothing_to_trade(alice: User) -> None:
    app = make(may_use_devices=True)
    secret, device = devices.begin(app, ["chat:read"])
    assert devices.decide(alice, device, is_allowed=True, signed_in_at=timezone.now())
    ask = Ask(app.client_id, app.redirect_uris[0], ["chat:read"], "", "c" * 43, "", [])
    grants.give(alice, ask, signed_in_at=timezone.now())

    services.end_sign_ins(alice, keep=None)

    assert not AuthorizationCode.objects.exists()
    with pytest.raises(OAuthError):
        devices.poll(app, secret, address="192.0.2.1", user_agent="")


@pytest.mark.parametrize("body", ["[" * 20_000, '{"client_name": "a", "client_name": "b"}', '"text"', "", b"\xff"])
def test_what_is_no_plain_json_makes_no_app(settings: Any, body: str | bytes) -> None:
    settings.OAUTH_REGISTRATION, settings.LIMITS_ENABLED = True, False
    refused = Client().post("/oauth/register/", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert not App.objects.exists()


class Documents:
    """Stands for the address of an app, behind `outbound.fetch`."""

    def __init__(self, **document: Any) -> None:
        self.document, self.reads = document, 0

    def fetch(self, method: str, url: str, **options: Any) -> outbound.Answer:
        self.reads += 1
        return outbound.Answer(200, {}, json.dumps(self.document).encode(), url)


URL = "https://reader.example.org/client.json"
READER = {
    "client_id": URL,
    "client_name": "Reader",
    "redirect_uris": ["http://127.0.0.1/back"],
    "scope": "openid chat:read",
}


def test_an_app_may_be_known_by_its_document(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Documents(**READER)
    monkeypatch.setattr(outbound, "fetch", there.fetch)
    assert apps.find(URL) is None
    settings.OAUTH_CLIENT_DOCUMENTS = True
    app = apps.find(URL)
    assert app is not None
    assert (app.name, app.origin, app.is_confidential, app.scopes) == (
        "Reader",
        "document",
        False,
        ["openid", "chat:read"],
    )
    assert apps.find(URL) == app
    assert there.reads == 1
    App.objects.update(read_at=timezone.now() - timedelta(hours=2))
    there.document["client_name"] = "Reader 2"
    found = apps.find(URL)
    assert found is not None
    assert found.name == "Reader 2"
    settings.OAUTH_CLIENT_DOCUMENTS = False
    assert apps.find(URL) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "https://evil.example.org/client.json"},
        {"redirect_uris": ["http://reader.example.org/"]},
        {"redirect_uris": None},
        {"client_secret": "x"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"scope": 7},
        {"client_name": "a\u0000b"},
    ],
)
def test_a_document_that_is_not_its_own_makes_no_app(
    settings: Any, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    settings.OAUTH_CLIENT_DOCUMENTS = True
    monkeypatch.setattr(outbound, "fetch", Documents(**{**READER, **changes}).fetch)
    assert apps.find(URL) is None
    assert apps.find("https://reader.example.org/") is None
    assert not App.objects.exists()


@pytest.fixture
def few(settings: Any) -> None:
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "api": (2, 2, 60)}


@pytest.mark.usefixtures("few")
def test_documents_that_we_are_made_to_read_count_as_acts(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OAUTH_CLIENT_DOCUMENTS = True
    there = Documents(**READER)
    monkeypatch.setattr(outbound, "fetch", there.fetch)
    named = [*[URL] * 4, "https://a.example.org/1.json", "https://a.example.org/2.json"]
    answers = [Client().get("/oauth/authorize/", {"client_id": name, "redirect_uri": "x"}) for name in named]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 400, 400, 429]
    form = {"grant_type": "authorization_code", "client_id": "https://a.example.org/3.json"}
    assert Client().post("/oauth/token/", form).status_code == 429
    assert there.reads == 2


@pytest.mark.usefixtures("few")
def test_devices_and_tried_codes_count_as_acts(alice: User) -> None:
    app = make(is_confidential=False, may_use_devices=True)
    begun = [Client().post("/oauth/device/", {"client_id": app.client_id}) for _ in range(3)]
    assert [answer.status_code for answer in begun] == [200, 200, 429]
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(alice)
    tried = [browser.get("/device/", {"code": f"BCDF-GHJ{letter}"}).status_code for letter in "KLM"]
    assert tried == [400, 400, 429]
    assert browser.get("/device/").status_code == 200


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_the_signing_key_is_sealed_published_and_replaced_every_quarter(settings: Any) -> None:
    first = kid_of(signing.sign({}))
    assert "PRIVATE" not in SigningKey.objects.get().sealed_pem
    assert [key["kid"] for key in signing.public_keys()] == [first]
    assert set(signing.public_keys()[0]) == {"kty", "key_ops", "n", "e", "kid", "use", "alg"}

    SigningKey.objects.update(created_at=timezone.now() - signing.SIGNS_FOR * 1.01)
    signing.replace_old()
    signing.replace_old()
    assert SigningKey.objects.count() == 2
    second = next(key["kid"] for key in signing.public_keys() if key["kid"] != first)
    assert kid_of(signing.sign({})) == first
    SigningKey.objects.filter(pk=second).update(created_at=timezone.now() - signing.AHEAD)
    assert kid_of(signing.sign({})) == second
    SigningKey.objects.filter(pk=first).update(created_at=timezone.now() - timedelta(days=365))
    assert [key["kid"] for key in signing.public_keys()] == [second]
    tasks.forget_sign_ins(0)
    assert SigningKey.objects.get().pk == second

    settings.SECRET_KEY = "another secret key, as after a restore without the old one"
    assert kid_of(signing.sign({})) not in (first, second)


def test_what_nobody_needs_is_forgotten_at_night(alice: User) -> None:
    known, unused = make(origin=App.Origin.REGISTERED), make(origin=App.Origin.REGISTERED)
    staffs = make()
    AppGrant.objects.create(user=alice, app=known, scopes=[])
    App.objects.update(created_at=timezone.now() - apps.UNUSED_KEPT * 1.1)
    devices.begin(staffs, ["openid"])
    DeviceCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    old = {"app": staffs, "user": alice, "scopes": [], "signed_in_at": timezone.now()}
    for days in (0, 2):
        AuthorizationCode.objects.create(hash=str(days), expires_at=timezone.now() - timedelta(days=days), **old)
    tasks.forget_sign_ins(0)
    assert set(App.objects.all()) == {known, staffs}
    assert not App.objects.filter(pk=unused.pk).exists()
    assert not DeviceCode.objects.exists()
    assert [code.hash for code in AuthorizationCode.objects.all()] == ["0"]


def test_the_page_of_apps_is_for_staff(priya: User, alice: User) -> None:
    staff, member = Client(headers={"Accept": "text/html"}), Client(headers={"Accept": "text/html"})
    staff.force_login(priya)
    member.force_login(alice)
    form = {
        "name": "Core shed",
        "redirect_uris": "https://a.example/1\r\n\r\n https://a.example/2",
        "scopes": ["openid"],
    }
    wrong = staff.post("/apps/", {"name": "Core shed"})
    assert wrong.status_code == 400
    assert "Enter at least one address." in wrong.content.decode()
    assert member.get("/apps/").status_code == member.post("/apps/", form).status_code == 403
    made = staff.post("/apps/", form).content.decode()
    app = App.objects.get()
    assert app.redirect_uris == ["https://a.example/1", "https://a.example/2"]
    assert app.client_id in made
    assert member.post(f"/apps/{app.pk}/remove/").status_code == 403
    assert staff.post(f"/apps/{app.pk}/remove/").status_code == 303
    assert not App.objects.exists()


def test_an_apps_sign_in_stands_among_the_others(alice: User) -> None:
    acting(alice, "chat:read")
    page = Client(headers={"Accept": "text/html"})
    page.force_login(alice)
    assert Session.objects.get().through == "password"
    assert "Core shed" in page.get("/sessions/").content.decode()


def test_who_is_not_signed_in_decides_nothing() -> None:
    answer = Client().post("/oauth/authorize/", {"request": "sealed", "decision": "allow"})
    assert answer["Location"].startswith("/sign-in/?next=/oauth/authorize/")
