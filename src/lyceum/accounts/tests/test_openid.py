"""Signing in with an OpenID provider that does as it should, and with one that does not."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm
from structlog.testing import capture_logs

from lyceum.accounts import factors, totp
from lyceum.accounts.models import ExternalIdentity, Session, User
from lyceum.accounts.openid import provider, services
from lyceum.core import outbound, valkey
from lyceum.core.models import AuditEntry, OutboxEvent
from lyceum.core.testing.api_cases import check_problem
from lyceum.core.testing.people import make_person

JSON = {"Accept": "application/json"}
ISSUER = "https://id.example.org"
ZOE = {"sub": "zoe-1", "email": "zoe@example.org", "email_verified": True, "given_name": "Zoë", "family_name": "O’Hara"}
pytestmark = pytest.mark.django_db


@cache
def key_of(name: str) -> Any:
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Provider:
    """Stands for the other server, behind `outbound.fetch`; each test bends it as it likes."""

    claims: dict[str, Any] = field(default_factory=lambda: dict(ZOE))
    token: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] | None = None
    algorithm: str | None = "RS256"
    signer: str = "first"
    kid: str | None = "first"
    published: list[str] = field(default_factory=lambda: ["first"])
    is_down: bool = False
    asked: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def fetch(self, method: str, url: str, *, headers: Any, body: bytes | None) -> outbound.Answer:
        self.calls.append(f"{method} {url.removeprefix(ISSUER)}")
        if self.is_down:
            raise outbound.OutboundFailed
        path = urlsplit(url).path
        if path == "/token":
            return self.exchange(dict(parse_qsl((body or b"").decode())), headers)
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
                "userinfo_endpoint": f"{ISSUER}/me",
                **self.metadata,
            },
            "/keys": {"keys": [self.jwk(name) for name in self.published]},
            "/me": self.info or self.claims,
        }
        return outbound.Answer(200, {}, json.dumps(documents[path]).encode(), url)

    def jwk(self, name: str) -> dict[str, Any]:
        return {**RSAAlgorithm.to_jwk(key_of(name).public_key(), as_dict=True), "kid": name, "use": "sig"}

    def exchange(self, form: dict[str, str], headers: dict[str, str]) -> outbound.Answer:
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        basic = headers.get("Authorization", "")
        if challenge != self.asked["code_challenge"] or not basic.startswith("Basic "):
            return outbound.Answer(400, {}, b'{"error": "invalid_grant"}', "")
        told = {"iss": ISSUER, "aud": "lyceum", "iat": int(time.time()), "exp": int(time.time()) + 300}
        told |= {"auth_time": told["iat"]} if "max_age" in self.asked else {}
        told |= {"nonce": self.asked["nonce"], **self.claims, **self.token}
        told = {name: value for name, value in told.items() if value is not None}
        secret = {"RS256": key_of(self.signer), "HS256": "lyceum-secret-of-32-characters-or-more", None: None}[
            self.algorithm
        ]
        header = {"kid": self.kid} if self.kid else {}
        made = jwt.encode(told, secret, self.algorithm, header)
        return outbound.Answer(200, {}, json.dumps({"access_token": "at", "id_token": made}).encode(), "")


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    settings.OIDC_ISSUER, settings.OIDC_NAME = ISSUER, "Field ID"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "lyceum", "secret"
    found = Provider()
    monkeypatch.setattr(outbound, "fetch", found.fetch)
    provider.forget()
    yield found
    provider.forget()


@pytest.fixture
def browser() -> Client:
    return Client(headers={"Accept": "text/html"})


def go_there(there: Provider, browser: Client, path: str = "/sign-in/openid/") -> dict[str, str]:
    answer = browser.get(path)
    assert answer.status_code == 302, answer.content
    there.asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    return there.asked


def come_back(there: Provider, browser: Client, **changes: str) -> Any:
    return browser.get("/sign-in/openid/back/", {"code": "c", "state": there.asked["state"], **changes})


def sign_in(there: Provider, browser: Client, path: str = "/sign-in/openid/") -> Any:
    go_there(there, browser, path)
    return come_back(there, browser)


def is_in(browser: Client) -> bool:
    return browser.get("/people/").status_code == 200


def test_a_new_person_gets_an_account_and_a_session_like_others(there: Provider, browser: Client) -> None:
    page = browser.get("/sign-in/?next=/people/").content.decode()
    assert '/sign-in/openid/?next=/people/"' in page
    assert "Sign in with Field ID" in page

    back = sign_in(there, browser, "/sign-in/openid/?next=/people/")

    assert (back.status_code, back["Location"]) == (303, "/people/")
    user = User.objects.get()
    assert (user.email, user.first_name, user.last_name) == ("zoe@example.org", "Zoë", "O’Hara")
    assert user.email_verified_at is not None
    assert not user.has_usable_password()
    assert Session.objects.get().through == "openid"
    assert "through Field ID" in browser.get("/sessions/").content.decode()
    assert browser.get("/api/v1/users/sessions/", headers=JSON).json()[0]["through"] == "openid"
    assert AuditEntry.objects.get(action="user.signed_in").detail["way"] == "openid"
    assert OutboxEvent.objects.get(name="UserRegistered").payload["user_id"] == str(user.pk)
    asked = there.asked
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", "lyceum")
    assert asked["redirect_uri"].endswith("/sign-in/openid/back/")

    assert sign_in(there, Client(headers={"Accept": "text/html"})).status_code == 303
    assert User.objects.count() == ExternalIdentity.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"token": {"nonce": "another"}},
        {"token": {"nonce": None}},
        {"token": {"iss": "https://evil.example.org"}},
        {"token": {"aud": "somebody-else"}},
        {"token": {"aud": ["lyceum", "other"]}},
        {"token": {"aud": ["lyceum", "other"], "azp": "other"}},
        {"token": {"azp": "other"}},
        {"token": {"exp": int(time.time()) - 300}},
        {"token": {"exp": None}},
        {"token": {"iat": int(time.time()) + 3600}},
        {"token": {"sub": None}},
        {"token": {"sub": "x" * 256}},
        {"token": {"sub": "zoe\x00"}},
        {"algorithm": None},
        {"algorithm": "HS256"},
        {"signer": "other"},
        {"kid": "unpublished"},
        {"info": {"sub": "somebody-else", "email": "zoe@example.org", "email_verified": True}},
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    there: Provider, browser: Client, changes: dict[str, Any]
) -> None:
    for name, value in changes.items():
        setattr(there, name, value)
    refused = sign_in(there, browser)
    assert refused.status_code == 400
    assert "This sign-in cannot be trusted." in refused.content.decode()
    assert not is_in(browser)
    assert not User.objects.exists()


def test_a_state_is_good_once_and_in_its_own_browser(there: Provider, browser: Client) -> None:
    stolen = Client(headers={"Accept": "text/html"})
    go_there(there, browser)
    assert come_back(there, stolen).status_code == 400
    assert come_back(there, browser).status_code == 400

    assert sign_in(there, browser).status_code == 303
    browser.post("/sign-out/")
    assert come_back(there, browser).status_code == 400
    assert browser.get("/sign-in/openid/back/", {"code": "c", "state": "invented"}).status_code == 400
    assert browser.get("/sign-in/openid/back/", {"code": "c"}).status_code == 400
    assert not is_in(browser)


def test_an_answer_of_another_issuer_is_refused(there: Provider, browser: Client) -> None:
    go_there(there, browser)
    assert come_back(there, browser, iss="https://evil.example.org").status_code == 400
    there.metadata = {"authorization_response_iss_parameter_supported": True}
    provider.forget()
    assert sign_in(there, browser).status_code == 400
    go_there(there, browser)
    assert come_back(there, browser, iss=ISSUER).status_code == 303


def test_who_says_no_there_is_led_back(there: Provider, browser: Client) -> None:
    asked = go_there(there, browser)
    refused = browser.get("/sign-in/openid/back/", {"error": "access_denied", "state": asked["state"]})
    assert refused.status_code == 403
    assert "You were not signed in there." in refused.content.decode()
    assert "Try again with Field ID" in refused.content.decode()


@pytest.mark.parametrize("metadata", [{"issuer": "https://evil.example.org"}, {"token_endpoint": None}])
def test_a_provider_that_is_down_or_another_gives_a_page_that_says_so(
    there: Provider, browser: Client, metadata: dict[str, Any]
) -> None:
    there.metadata = metadata
    refused = browser.get("/sign-in/openid/")
    assert refused.status_code == 503
    there.metadata = {}
    provider.forget()
    go_there(there, browser)
    there.is_down = True
    refused = come_back(there, browser)
    assert refused.status_code == 503
    assert "Sign in with a password" in refused.content.decode()


def test_operators_find_in_the_log_which_setting_lets_their_provider_be_called(browser: Client, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "https://10.0.0.7:8443", "lyceum"
    provider.forget()
    with capture_logs() as logged:
        refused = browser.get("/sign-in/openid/")
    assert refused.status_code == 503
    assert b"OUTBOUND" not in refused.content
    assert "add 10.0.0.7:8443 to the setting OUTBOUND_ALLOWED_HOSTS" in logged[0]["reason"]


def test_a_new_key_of_the_provider_is_found_and_forged_ones_do_not_make_us_ask_each_time(
    there: Provider, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(there, browser).status_code == 303
    there.kid = there.signer = "second"
    there.published = ["second", "first"]
    assert sign_in(there, Client()).status_code == 400
    monkeypatch.setattr(provider, "REFRESH_SECONDS", 0)
    assert sign_in(there, Client()).status_code == 303
    monkeypatch.undo()


def test_what_the_id_token_leaves_out_comes_from_user_info(there: Provider, browser: Client) -> None:
    there.info = {**ZOE, "email": "zoe.of.info@example.org"}
    there.claims = {"sub": ZOE["sub"]}
    assert sign_in(there, browser).status_code == 303
    assert User.objects.get().email == "zoe.of.info@example.org"


def confirmed(name: str = "zoe", **fields: Any) -> User:
    return make_person(name, email_verified_at=timezone.now(), **fields)


def test_an_account_with_the_same_address_is_linked_when_both_sides_confirmed_it(
    there: Provider, browser: Client
) -> None:
    zoe = confirmed()
    there.claims["email"] = "ZOE@Example.org"
    assert sign_in(there, browser).status_code == 303
    assert ExternalIdentity.objects.get().user == zoe


@pytest.mark.parametrize("case", ["unconfirmed here", "staff", "switched off", "closed"])
def test_else_the_person_signs_in_and_links_it(there: Provider, browser: Client, settings: Any, case: str) -> None:
    settings.OIDC_LINK_BY_EMAIL = case != "switched off"
    fields: dict[str, Any] = {"staff": {"is_staff": True}, "closed": {"is_active": False}}.get(case, {})
    make_person("zoe", **fields, **({} if case == "unconfirmed here" else {"email_verified_at": timezone.now()}))
    refused = sign_in(there, browser)
    assert refused.status_code == 409
    assert "There is an account with your address already." in refused.content.decode()
    assert "/sign-in/?next=/connections/" in refused.content.decode()
    assert not ExternalIdentity.objects.exists()
    assert not is_in(browser)


@pytest.mark.parametrize(
    "told",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "zoe\x00@example.org"},
        {"email": ["zoe@example.org"]},
        {"email": f"{'z' * 250}@example.org"},
    ],
)
def test_an_address_that_the_provider_has_not_confirmed_is_no_address(
    there: Provider, browser: Client, told: dict[str, Any]
) -> None:
    confirmed()
    there.claims |= told
    refused = sign_in(there, browser)
    assert refused.status_code == 403
    assert "has not confirmed your e-mail address" in refused.content.decode()
    assert not ExternalIdentity.objects.exists()


def test_only_named_domains_sign_in_and_accounts_are_made_where_allowed(
    there: Provider, browser: Client, settings: Any
) -> None:
    settings.OIDC_ALLOWED_DOMAINS = ["example.net"]
    assert sign_in(there, browser).status_code == 403
    settings.OIDC_ALLOWED_DOMAINS = ["example.org"]
    settings.OIDC_CREATE_ACCOUNTS = False
    assert sign_in(there, browser).status_code == 403
    assert not User.objects.exists()
    settings.OIDC_CREATE_ACCOUNTS = True
    assert sign_in(there, browser).status_code == 303
    settings.OIDC_ALLOWED_DOMAINS = ["example.net"]
    assert sign_in(there, Client()).status_code == 403


def test_a_second_factor_is_asked_for_here_too(there: Provider, browser: Client) -> None:
    assert sign_in(there, browser).status_code == 303
    user, sign_in_id = User.objects.get(), Session.objects.get().public_id
    setup = factors.begin(user, sign_in_id)
    recovery = factors.confirm(user, sign_in_id, totp.code_of(setup.secret, totp.step_at(time.time())))

    other = Client(headers={"Accept": "text/html"})
    asked = sign_in(there, other, "/sign-in/openid/?next=/people/")
    assert (asked.status_code, asked["Location"]) == (303, "/sign-in/code/")
    assert not is_in(other)
    entered = other.post("/sign-in/code/", {"otp": recovery[0]})
    assert (entered.status_code, entered["Location"]) == (303, "/people/")
    assert Session.objects.latest("created_at").through == "openid"


def test_a_closed_account_stays_closed(there: Provider, browser: Client) -> None:
    assert sign_in(there, browser).status_code == 303
    User.objects.update(is_active=False)
    assert sign_in(there, Client()).status_code == 403


def signed_in(person: User) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(person)
    return client


def link_of(client: Client) -> str:
    page = client.get("/connections/").content.decode()
    return page.split('href="/sign-in/openid/?link=')[1].split('"')[0]


def test_one_links_and_cuts_the_link_on_the_page(there: Provider, browser: Client) -> None:
    alice = make_person("alice", password="Lefroy-salt-lake-7")
    client = signed_in(alice)
    back = sign_in(there, client, f"/sign-in/openid/?link={link_of(client)}")
    assert (back.status_code, back["Location"]) == (303, "/connections/")
    identity = ExternalIdentity.objects.get()
    assert identity.user == alice
    assert "zoe@example.org" in client.get("/connections/").content.decode()
    assert sign_in(there, browser).status_code == 303
    assert browser.get("/api/v1/auth/me/", headers=JSON).json()["email"] == alice.email

    assert client.post(f"/connections/openid/{identity.pk}/unlink/").status_code == 303
    assert not ExternalIdentity.objects.exists()


def test_nobody_is_led_into_linking_and_an_identity_is_one_persons(there: Provider) -> None:
    alice, bob = make_person("alice"), make_person("bob")
    at_alice, at_bob = signed_in(alice), signed_in(bob)
    assert at_bob.get(f"/sign-in/openid/?link={link_of(at_alice)}").status_code == 403
    assert at_bob.get("/sign-in/openid/?link=made-up").status_code == 403
    sign_in(there, at_alice, f"/sign-in/openid/?link={link_of(at_alice)}")
    refused = sign_in(there, at_bob, f"/sign-in/openid/?link={link_of(at_bob)}")
    assert refused.status_code == 409
    assert ExternalIdentity.objects.get().user == alice

    go_there(there, at_bob, f"/sign-in/openid/?link={link_of(at_bob)}")
    at_bob.force_login(alice)
    assert come_back(there, at_bob).status_code == 400


def test_an_old_sign_in_links_nothing_until_it_is_confirmed(there: Provider) -> None:
    client = signed_in(confirmed())
    address = f"/sign-in/openid/?link={link_of(client)}"
    Session.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert "/sign-in/openid/?link=" not in client.get("/connections/").content.decode()
    assert client.get(address).status_code == 403
    assert not ExternalIdentity.objects.exists()


def test_the_only_way_in_is_not_cut(there: Provider, browser: Client, bob_api: Any) -> None:
    sign_in(there, browser)
    listed = browser.get("/api/v1/users/identities/", headers=JSON).json()["results"]
    assert [(one["issuer"], one["email"]) for one in listed] == [(ISSUER, "zoe@example.org")]
    path = f"/api/v1/users/identities/{listed[0]['id']}/"
    check_problem(bob_api.delete(path), 404, "not_found")
    assert bob_api.get("/api/v1/users/identities/").json()["results"] == []
    token = browser.get("/api/v1/users/csrf/", headers=JSON).json()["csrf_token"]
    check_problem(browser.delete(path, headers={**JSON, "X-CSRFToken": token}), 409, "only_way_in")
    user = User.objects.get(email="zoe@example.org")
    user.set_password("Lefroy-salt-lake-7")
    user.save()
    services.unlink(user, ExternalIdentity.objects.get().pk)
    assert not ExternalIdentity.objects.exists()


def test_where_one_wanted_to_go_is_kept_with_all_its_parts(there: Provider, browser: Client) -> None:
    goal = "/people/?q=zo&page=1"
    page = browser.get("/sign-in/", {"next": goal}).content.decode()
    address = unescape(page.split('href="/sign-in/openid/')[1].split('"')[0])
    assert sign_in(there, browser, f"/sign-in/openid/{address}")["Location"] == goal


def test_who_has_no_password_is_told_how_to_choose_one(there: Provider, browser: Client) -> None:
    sign_in(there, browser)
    page = browser.get("/profile/").content.decode()
    assert page.count("Ask for a mail by which you choose one") == 1
    assert 'name="current_password"' not in page


def test_without_a_provider_there_is_no_button_and_no_door(browser: Client) -> None:
    assert "/sign-in/openid/" not in browser.get("/sign-in/").content.decode()
    assert browser.get("/sign-in/openid/").status_code == 404
    assert browser.get("/sign-in/openid/back/").status_code == 404


def test_nothing_of_an_attempt_can_be_read_in_valkey(there: Provider, browser: Client) -> None:
    asked = go_there(there, browser)
    keys = [key.decode() for key in valkey.connection().scan_iter(valkey.key("openid", "*"))]
    assert len(keys) == 1
    assert asked["state"] not in keys[0]


@pytest.mark.parametrize(
    ("claims", "email", "names"),
    [
        ({"given_name": "Ada", "family_name": "Lovelace"}, "x@example.org", ("Ada", "Lovelace")),
        ({"name": "Ada King Lovelace"}, "x@example.org", ("Ada", "King Lovelace")),
        ({}, "ada.lovelace@example.org", ("Ada", "Lovelace")),
        ({"name": "R2-D2 (bot)!"}, "x@example.org", ("New", "D bot")),
        ({"given_name": 7, "family_name": ["x"]}, "a@example.org", ("New", "Member")),
        ({"name": "Plato"}, "plato@example.org", ("Plato", "Member")),
        ({"given_name": "x" * 400, "family_name": "李"}, "li@example.org", ("x" * 150, "Member")),
    ],
)
def test_names_are_made_from_what_there_is(claims: dict[str, Any], email: str, names: tuple[str, str]) -> None:
    assert services.names_in(claims, email) == names


def test_who_comes_from_the_provider_alone_shows_there_again_who_they_are(there: Provider, browser: Client) -> None:
    sign_in(there, browser)
    Session.objects.update(created_at=timezone.now() - timedelta(hours=1))
    goal = "/your-data/erase/"
    page = browser.get(f"/security/confirm/?next={goal}").content.decode()
    way = unescape(page.partition('href="/sign-in/openid/')[2].partition('"')[0])
    assert "Sign in with Field ID again" in page
    asked = go_there(there, browser, f"/sign-in/openid/{way}")
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert come_back(there, browser)["Location"] == goal
    assert browser.get(goal).status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("changes", [{"sub": "another"}, {"auth_time": 1_700_000_000}, {"auth_time": None}])
def test_what_is_not_the_same_person_asked_again_confirms_nothing(
    there: Provider, browser: Client, changes: dict[str, Any]
) -> None:
    sign_in(there, browser)
    Session.objects.update(created_at=timezone.now() - timedelta(hours=1))
    go_there(there, browser, "/sign-in/openid/?again=1")
    there.claims |= changes
    assert come_back(there, browser).status_code in (400, 403)
    assert browser.get("/your-data/erase/")["Location"].startswith("/security/confirm/")
    assert User.objects.count() == 1
