"""The workspace as an OAuth 2.1 and OpenID provider, as Authlib's client and a browser without scripts meet it."""

import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from tests.conftest import PASSWORD, Person, Site, free_port, start_web

BACK = "http://127.0.0.1:7999/back?from=lyceum"
SCOPES = ["openid", "profile", "email", "users:read", "chat:read"]
ROOMS = "chat/conversations/"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
AT_ONCE = 8


@pytest.fixture(scope="module")
def provider(flow_environment: dict[str, str]) -> Iterator[Site]:
    port = free_port()
    environment = {**flow_environment, "PUBLIC_URL": f"http://127.0.0.1:{port}", "OAUTH_REGISTRATION": "true"}
    site, process = start_web(environment, port=port)
    yield site
    process.terminate()
    process.wait(20)


@pytest.fixture
def alice(provider: Site) -> Person:
    return provider.register("Alice")


@pytest.fixture(scope="module")
def staff(provider: Site) -> Person:
    return provider.register("Priya").become_staff()


def make_app(staff: Person, **changes: Any) -> dict[str, Any]:
    body = {"name": "Core shed", "redirect_uris": [BACK], "scopes": SCOPES, "is_confidential": True, **changes}
    made = staff.call("POST", "auth/apps/", body)
    assert made.status == 201, made.data
    return dict(made.data)


class Browser:
    """A browser without scripts, in which a person is signed in; it goes nowhere by itself."""

    def __init__(self, person: Person) -> None:
        self.site, self.session = person.site, requests.Session()
        self.session.headers["Accept"] = "text/html"
        self.session.get(f"{self.site.url}/sign-in/")
        sent = self.send("/sign-in/", email=person.email, password=PASSWORD)
        assert sent.status_code == 303, sent.text

    def open(self, address: str) -> requests.Response:
        address = address if address.startswith("http") else f"{self.site.url}{address}"
        return self.session.get(address, allow_redirects=False)

    def send(self, path: str, **form: str) -> requests.Response:
        page = self.session.get(f"{self.site.url}/sign-in/") if not self.session.cookies else None
        token = self.session.cookies.get("csrftoken") or re.findall(r'csrfmiddlewaretoken" value="(\w+)', page.text)[0]
        form["csrfmiddlewaretoken"] = token
        return self.session.post(f"{self.site.url}{path}", form, allow_redirects=False)

    def decide(self, address: str, decision: str = "allow") -> str:
        """Read the page that asks, press a button, and return where that leads."""
        page = self.open(address)
        assert page.status_code == 200, page.text
        sealed = unescape(re.findall(r'name="request" value="([^"]+)"', page.text)[0])
        answer = self.send("/oauth/authorize/", request=sealed, decision=decision)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


def told(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


class Client:
    """Authlib's client for an app of the workspace."""

    def __init__(self, site: Site, app: dict[str, Any], scope: str = " ".join(SCOPES), **options: Any) -> None:
        self.site, self.app = site, app
        self.published = requests.get(f"{site.url}/.well-known/openid-configuration").json()
        self.verifier = secrets.token_urlsafe(48)
        method = "client_secret_basic" if app["secret"] else "none"
        self.session = OAuth2Session(
            app["client_id"],
            app["secret"] or None,
            scope=scope,
            redirect_uri=BACK,
            token_endpoint_auth_method=options.pop("method", method),
            revocation_endpoint_auth_method=method,
            code_challenge_method="S256",
            **options,
        )

    def address(self, **more: str) -> str:
        url, self.state = self.session.create_authorization_url(
            self.published["authorization_endpoint"], code_verifier=self.verifier, nonce="n-1", **more
        )
        return str(url)

    def trade(self, back: str, **changes: str) -> dict[str, Any]:
        options = {"code_verifier": self.verifier, "state": self.state, **changes}
        got = self.session.fetch_token(self.published["token_endpoint"], authorization_response=back, **options)
        return dict(got)

    def sign_in(self, browser: Browser, **more: str) -> dict[str, Any]:
        return self.trade(browser.decide(self.address(**more)))

    def refresh(self, token: str, **more: str) -> dict[str, Any]:
        return dict(self.session.refresh_token(self.published["token_endpoint"], refresh_token=token, **more))

    def call(self, access: str, method: str = "GET", path: str = ROOMS, body: Any = None) -> Any:
        return self.site.call(method, path, body, Authorization=f"Bearer {access}")


def test_an_app_signs_a_person_in_and_acts_within_its_scopes(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    address = client.address()
    page = browser.open(address).text
    assert "Core shed" in page
    assert alice.email in page
    assert "know your e-mail address" in page

    back = browser.decide(address)
    assert back.startswith("http://127.0.0.1:7999/back?from=lyceum&")
    assert told(back)["iss"] == provider.url
    got = client.trade(back)

    assert (got["token_type"], got["scope"].split()) == (
        "Bearer",
        ["openid", "profile", "email", "chat:read", "users:read"],
    )
    keys = jwt.PyJWKSet.from_dict(requests.get(client.published["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(got["id_token"])["kid"]]
    claims = jwt.decode(got["id_token"], key, ["RS256"], audience=client.app["client_id"], issuer=provider.url)
    assert (claims["sub"], claims["nonce"], claims["email"]) == (alice.id, "n-1", alice.email)
    assert claims["auth_time"] <= claims["iat"]
    info = client.session.get(client.published["userinfo_endpoint"]).json()
    assert (info["sub"], info["name"], info["email_verified"]) == (alice.id, "Alice Tester", False)

    access = got["access_token"]
    assert client.call(access).status == 200
    assert client.call(access, path="users/profile/").data["email"] == alice.email
    refused = client.call(access, "POST", body={"kind": "group", "name": "No", "participants": []})
    assert (refused.status, refused.data["code"]) == (403, "forbidden")
    assert client.call(access, path="users/sessions/").status == 403
    listed = alice.call("GET", "users/sessions/").data
    assert [(one["through"], one["app"]) for one in listed if one["app"]] == [("app", "Core shed")]


def test_a_public_app_and_a_secret_in_the_form_work_too(provider: Site, alice: Person, staff: Person) -> None:
    browser = Browser(alice)
    public = Client(provider, make_app(staff, is_confidential=False))
    assert public.app["secret"] == ""
    assert public.call(public.sign_in(browser)["access_token"]).status == 200
    posted = Client(provider, make_app(staff), method="client_secret_post")
    assert posted.call(posted.sign_in(browser)["access_token"]).status == 200


def test_refresh_tokens_rotate_and_the_second_use_of_one_ends_all(
    provider: Site, alice: Person, staff: Person, flow_environment: dict[str, str]
) -> None:
    import psycopg

    client = Client(provider, make_app(staff))
    first = client.sign_in(Browser(alice))
    second = client.refresh(first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert "id_token" in second
    assert client.call(second["access_token"]).status == 200
    # Within seconds it is a race, and only refused.
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh(first["refresh_token"])
    assert client.call(second["access_token"]).status == 200
    with psycopg.connect(flow_environment["DATABASE_URL"]) as connection:
        connection.execute(
            "update accounts_token set used_at = used_at - interval '1 minute' where used_at is not null"
        )
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh(first["refresh_token"])
    assert client.call(second["access_token"]).data["code"] == "token_revoked"
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh(second["refresh_token"])


def test_a_refresh_can_ask_for_less_and_never_for_more(provider: Site, alice: Person, staff: Person) -> None:
    client = Client(provider, make_app(staff))
    got = client.sign_in(Browser(alice))
    less = client.refresh(got["refresh_token"], scope="users:read")
    assert less["scope"] == "users:read"
    assert client.call(less["access_token"], path="users/profile/").status == 200
    assert client.call(less["access_token"]).status == 403
    with pytest.raises(OAuthError, match="invalid_scope"):
        client.refresh(less["refresh_token"], scope="users:read chat:write")
    assert client.call(client.refresh(less["refresh_token"], scope=" ".join(SCOPES))["access_token"]).status == 200


def test_refresh_tokens_are_those_of_one_app(provider: Site, alice: Person, staff: Person) -> None:
    browser = Browser(alice)
    one, other = (Client(provider, make_app(staff)) for _ in range(2))
    got = one.sign_in(browser)
    with pytest.raises(OAuthError, match="invalid_grant"):
        other.refresh(got["refresh_token"])
    door = provider.call("POST", "auth/token/refresh/", {"refresh": got["refresh_token"]})
    assert (door.status, door.data["code"]) == (401, "token_invalid")
    own = provider.call("POST", "auth/token/", {"email": alice.email, "password": PASSWORD}).data
    with pytest.raises(OAuthError, match="invalid_grant"):
        one.refresh(own["refresh"])
    assert one.refresh(got["refresh_token"])["access_token"]


def test_a_code_is_good_once_and_a_second_use_ends_what_the_first_got(
    provider: Site, alice: Person, staff: Person
) -> None:
    client = Client(provider, make_app(staff))
    back = Browser(alice).decide(client.address())
    got = client.trade(back)
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.trade(back)
    assert client.call(got["access_token"]).data["code"] == "token_revoked"


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "x" * 48}, {"code_verifier": ""}, {"redirect_uri": "http://127.0.0.1:7999/other"}],
    ids=["another verifier", "no verifier", "another address"],
)
def test_a_code_is_traded_by_who_asked_for_it(
    provider: Site, alice: Person, staff: Person, changes: dict[str, str]
) -> None:
    client, other = Client(provider, make_app(staff)), Client(provider, make_app(staff))
    back = Browser(alice).decide(client.address())
    other.state = client.state
    with pytest.raises(OAuthError, match="invalid_grant"):
        other.trade(back, code_verifier=client.verifier)
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.trade(back, **changes)
    assert client.trade(back)["access_token"]


def ask(client: Client, **changes: str | None) -> str:
    base = told(client.address())
    query = {name: value for name, value in {**base, **changes}.items() if value is not None}
    return f"{client.published['authorization_endpoint']}?{urlencode(query)}"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "chat:write admin"}, "invalid_scope"),
        ({"prompt": "none"}, "consent_required"),
        ({"prompt": "none", "max_age": "0"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "ey"}, "request_not_supported"),
    ],
)
def test_a_request_that_is_not_good_goes_back_with_its_error(
    provider: Site, alice: Person, staff: Person, changes: dict[str, str | None], error: str
) -> None:
    client = Client(provider, make_app(staff))
    answer = Browser(alice).open(ask(client, **changes))
    assert answer.status_code == 303, answer.text
    back = told(answer.headers["Location"])
    assert answer.headers["Location"].startswith(BACK)
    assert (back["error"], back["state"], back["iss"]) == (error, client.state, provider.url)
    assert "code" not in back


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example.org/back"},
        {"redirect_uri": "http://127.0.0.1:7999/back"},
        {"redirect_uri": "http://127.0.0.1:7999@evil.example.org/back?from=lyceum"},
        {"redirect_uri": BACK + "#x"},
        {"redirect_uri": None},
        {"client_id": "unknown"},
        {"client_id": None},
    ],
)
def test_nothing_is_sent_to_an_address_that_the_app_did_not_name(
    provider: Site, alice: Person, staff: Person, changes: dict[str, str | None]
) -> None:
    refused = Browser(alice).open(ask(Client(provider, make_app(staff)), **changes))
    assert refused.status_code == 400
    assert "Location" not in refused.headers
    assert "This app asks in a way that cannot be answered." in refused.text


def test_on_this_machine_the_port_may_be_any(provider: Site, alice: Person, staff: Person) -> None:
    client = Client(provider, make_app(staff, is_confidential=False))
    back = Browser(alice).decide(ask(client, redirect_uri=BACK.replace("7999", "50123")))
    assert back.startswith("http://127.0.0.1:50123/back?from=lyceum&")
    assert "code" in told(back)


def test_a_person_refuses_and_a_page_of_another_sign_in_decides_nothing(
    provider: Site, alice: Person, staff: Person
) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    assert told(browser.decide(client.address(), "deny"))["error"] == "access_denied"
    page = browser.open(client.address()).text
    sealed = unescape(re.findall(r'name="request" value="([^"]+)"', page)[0])
    other = Browser(provider.register("Bob"))
    assert other.send("/oauth/authorize/", request=sealed, decision="allow").status_code == 400
    assert (
        browser.session.post(f"{provider.url}/oauth/authorize/", {"request": sealed, "decision": "allow"}).status_code
        == 403
    )
    assert alice.call("GET", "users/apps/").data["results"] == []


def test_who_is_not_signed_in_signs_in_first(provider: Site, staff: Person) -> None:
    client = Client(provider, make_app(staff))
    answer = requests.get(client.address(), headers={"Accept": "text/html"}, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=/oauth/authorize/")
    silent = requests.get(ask(client, prompt="none"), headers={"Accept": "text/html"}, allow_redirects=False)
    assert told(silent.headers["Location"])["error"] == "login_required"


def auth_time(got: dict[str, Any]) -> int:
    return int(jwt.decode(got["id_token"], options={"verify_signature": False})["auth_time"])


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "0"}])
def test_who_is_signed_in_shows_again_who_they_are_where_the_app_wants_it(
    provider: Site, alice: Person, staff: Person, wish: dict[str, str]
) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    client.sign_in(browser)
    address = client.address(**wish)
    asked = browser.open(address)
    assert (asked.status_code, urlsplit(asked.headers["Location"]).path) == (303, "/security/confirm/")
    goal = told(asked.headers["Location"])["next"]
    # Who goes there without having shown it is asked again, and so is another request.
    assert urlsplit(browser.open(goal).headers["Location"]).path == "/security/confirm/"
    page = browser.open(asked.headers["Location"]).text
    assert "Confirm that it is you" in page and alice.email in page and 'name="password"' in page
    assert browser.send("/security/confirm/", password="wrong", next=goal).status_code == 400

    began = int(time.time())
    confirmed = browser.send("/security/confirm/", password=PASSWORD, next=goal)

    assert (confirmed.status_code, confirmed.headers["Location"]) == (303, goal)
    assert auth_time(client.trade(browser.decide(goal))) >= began
    another = browser.open(goal.replace("state=", "state=x"))
    assert urlsplit(another.headers["Location"]).path == "/security/confirm/"
    assert urlsplit(browser.open(client.address(**wish)).headers["Location"]).path == "/security/confirm/"


def test_a_sign_in_that_is_new_enough_is_not_asked_for_again(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    assert client.sign_in(browser, max_age="600")["access_token"]
    silent = browser.open(client.address(prompt="none", max_age="600")).headers["Location"]
    assert "code" in told(silent)


def test_who_signs_in_for_an_app_is_asked_for_the_password_once(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    browser.session.cookies.clear()
    goal = told(browser.open(client.address(prompt="login")).headers["Location"])["next"]
    browser.session.get(f"{provider.url}/sign-in/")
    entered = browser.send("/sign-in/", email=alice.email, password=PASSWORD, next=goal)
    assert entered.headers["Location"] == goal
    assert client.trade(browser.decide(goal))["access_token"]


def test_an_app_with_a_secret_is_asked_for_once(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    client.sign_in(browser)
    silent = browser.open(client.address(prompt="none")).headers["Location"]
    assert client.trade(silent)["access_token"]
    assert browser.open(client.address(prompt="consent")).status_code == 200
    public = Client(provider, make_app(staff, is_confidential=False))
    public.sign_in(browser)
    assert told(browser.open(public.address(prompt="none")).headers["Location"])["error"] == "consent_required"


def test_a_person_takes_back_what_an_app_may(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff)), Browser(alice)
    got = client.sign_in(browser)
    assert "Core shed" in browser.open("/connections/").text
    bob = provider.register("Bob")
    grant = alice.call("GET", "users/apps/").data["results"][0]
    assert grant["name"] == "Core shed"
    assert bob.call("DELETE", f"users/apps/{grant['id']}/").status == 404

    assert browser.send(f"/connections/apps/{grant['id']}/refuse/").status_code == 303

    assert client.call(got["access_token"]).data["code"] == "token_revoked"
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh(got["refresh_token"])
    assert alice.call("GET", "users/apps/").data["results"] == []


def test_a_removed_app_and_a_changed_password_end_an_apps_sign_ins(
    provider: Site, alice: Person, staff: Person
) -> None:
    gone, kept = Client(provider, make_app(staff)), Client(provider, make_app(staff))
    browser = Browser(alice)
    lost, other = gone.sign_in(browser), kept.sign_in(browser)
    assert staff.call("DELETE", f"auth/apps/{gone.app['id']}/").status == 204
    assert gone.call(lost["access_token"]).status == 401
    with pytest.raises(OAuthError, match="invalid_client"):
        gone.refresh(lost["refresh_token"])
    new = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
    assert alice.call("POST", "users/password/", {"current_password": PASSWORD, **new}).status == 204
    assert kept.call(other["access_token"]).data["code"] == "token_revoked"


def test_an_app_revokes_its_tokens_and_looks_at_its_own(provider: Site, alice: Person, staff: Person) -> None:
    client, other = Client(provider, make_app(staff)), Client(provider, make_app(staff))
    got = client.sign_in(Browser(alice))

    def look(who: Client, token: str) -> dict[str, Any]:
        return dict(who.session.introspect_token(who.published["introspection_endpoint"], token=token).json())

    seen = look(client, got["access_token"])
    assert (seen["active"], seen["sub"], seen["client_id"]) == (True, alice.id, client.app["client_id"])
    assert look(client, got["refresh_token"])["token_type"] == "refresh_token"
    assert look(other, got["access_token"]) == {"active": False}
    assert look(client, "made-up") == {"active": False}
    other.session.revoke_token(other.published["revocation_endpoint"], token=got["refresh_token"])
    assert client.call(got["access_token"]).status == 200

    client.session.revoke_token(client.published["revocation_endpoint"], token=got["access_token"])
    assert client.call(got["access_token"]).status == 401
    fresh = client.refresh(got["refresh_token"])
    client.session.revoke_token(client.published["revocation_endpoint"], token=fresh["refresh_token"])
    assert client.call(fresh["access_token"]).data["code"] == "token_revoked"
    assert look(client, fresh["access_token"]) == {"active": False}


def test_a_wrong_secret_is_no_secret(provider: Site, staff: Person) -> None:
    app = make_app(staff)
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    at = f"{provider.url}/oauth/token/"
    for auth, more in (((app["client_id"], "wrong"), {}), (None, {"client_id": app["client_id"]}), (None, {})):
        refused = requests.post(at, {**form, **more}, auth=auth)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    both = requests.post(at, {**form, "client_secret": "x"}, auth=(app["client_id"], app["secret"]))
    assert both.json()["error"] == "invalid_request"
    password = requests.post(at, {"grant_type": "password"}, auth=(app["client_id"], app["secret"]))
    assert password.json()["error"] == "unsupported_grant_type"


def test_a_device_is_let_in_by_its_code(provider: Site, alice: Person, staff: Person) -> None:
    app = make_app(staff, may_use_devices=True, is_confidential=False)
    client, browser = Client(provider, app), Browser(alice)
    begun = requests.post(
        client.published["device_authorization_endpoint"], {"client_id": app["client_id"], "scope": "chat:read openid"}
    ).json()
    poll = {
        "grant_type": DEVICE,
        "device_code": begun["device_code"],
        "client_id": app["client_id"],
    }

    def polled() -> Any:
        return requests.post(client.published["token_endpoint"], poll).json()

    assert polled()["error"] == "authorization_pending"
    assert polled()["error"] == "slow_down"
    assert browser.open("/device/?code=BBBB-BBBB").status_code == 400
    page = browser.open(begun["verification_uri_complete"])
    assert begun["user_code"] in page.text
    assert browser.send("/device/", code=begun["user_code"].lower(), decision="allow").status_code == 303
    got = polled()
    assert got["scope"] == "openid chat:read"
    assert client.call(got["access_token"]).status == 200
    assert polled()["error"] == "invalid_grant"

    denied = requests.post(client.published["device_authorization_endpoint"], {"client_id": app["client_id"]}).json()
    poll["device_code"] = denied["device_code"]
    browser.send("/device/", code=denied["user_code"], decision="deny")
    assert polled()["error"] == "access_denied"
    plain = make_app(staff, is_confidential=False)
    refused = requests.post(client.published["device_authorization_endpoint"], {"client_id": plain["client_id"]})
    assert refused.json()["error"] == "unauthorized_client"


def test_an_app_makes_itself_known_where_the_operator_allows_it(
    provider: Site, site: Site, alice: Person, staff: Person
) -> None:
    at = f"{provider.url}/oauth/register/"
    about = {"client_name": "Reader", "redirect_uris": [BACK], "token_endpoint_auth_method": "none"}
    made = requests.post(at, json=about)
    assert made.status_code == 201
    client = Client(provider, {"client_id": made.json()["client_id"], "secret": ""})
    browser = Browser(alice)
    assert "Nobody who runs this workspace has checked this app." in browser.open(client.address()).text
    assert client.call(client.sign_in(browser)["access_token"]).status == 200
    for wrong in ("http://evil.example.org/", "javascript:alert(1)", "https://a.example/#x", "https://*.example/"):
        refused = requests.post(at, json={**about, "redirect_uris": [wrong]})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri"), wrong
    assert requests.post(at, json={**about, "grant_types": ["password"]}).json()["error"] == "invalid_client_metadata"
    assert requests.post(f"{site.url}/oauth/register/", json=about).status_code == 404
    assert "registration_endpoint" not in requests.get(f"{site.url}/.well-known/openid-configuration").json()


def test_what_is_published_is_true_and_open_to_pages_of_any_origin(provider: Site) -> None:
    published = requests.get(f"{provider.url}/.well-known/openid-configuration")
    assert published.headers["Access-Control-Allow-Origin"] == "*"
    document = published.json()
    assert document == requests.get(f"{provider.url}/.well-known/oauth-authorization-server").json()
    assert document["issuer"] == provider.url
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert requests.options(address).status_code in (204, 405), name
    resource = requests.get(f"{provider.url}/.well-known/oauth-protected-resource").json()
    assert resource["authorization_servers"] == [provider.url]
    assert not any(key.get("d") for key in requests.get(document["jwks_uri"]).json()["keys"])
    preflight = requests.options(document["token_endpoint"], headers={"Origin": "https://app.example.org"})
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert requests.get(document["token_endpoint"]).status_code == 405
    assert requests.get(document["userinfo_endpoint"]).headers["WWW-Authenticate"].startswith("Bearer")


def at_once(provider: Site, app: dict[str, Any], **form: str) -> list[Any]:
    """Send the same form to the token endpoint many times at once, and return the answers."""
    auth = (app["client_id"], app["secret"])

    def send(_number: int) -> Any:
        return requests.post(f"{provider.url}/oauth/token/", form, auth=auth)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))


def test_of_many_uses_at_once_exactly_one_gets_tokens(provider: Site, alice: Person, staff: Person) -> None:
    client, browser = Client(provider, make_app(staff, may_use_devices=True)), Browser(alice)
    code = told(browser.decide(client.address()))["code"]
    trade = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": client.verifier}
    answers = at_once(provider, client.app, **trade)
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (AT_ONCE - 1)
    (got,) = (answer.json() for answer in answers if answer.status_code == 200)
    # Somebody has the code who should not: nothing that it gave is good.
    assert client.call(got["access_token"]).data["code"] == "token_revoked"

    first = client.sign_in(browser)
    answers = at_once(provider, client.app, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (AT_ONCE - 1)
    (got,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert client.call(got["access_token"]).status == 200

    begun = requests.post(f"{provider.url}/oauth/device/", auth=(client.app["client_id"], client.app["secret"])).json()
    browser.send("/device/", code=begun["user_code"], decision="allow")
    answers = at_once(provider, client.app, grant_type=DEVICE, device_code=begun["device_code"])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (AT_ONCE - 1)


async def test_an_apps_sockets_close_when_the_person_refuses_it(provider: Site, alice: Person, staff: Person) -> None:
    app = make_app(staff, scopes=["chat:read", "chat:write"])
    got = Client(provider, app, "chat:read chat:write").sign_in(Browser(alice))
    line = await Person(provider, alice.id, alice.email, alice.name, got["access_token"]).open()
    assert (await line.hear("connection_established"))["user"]["id"] == alice.id
    grant = alice.call("GET", "users/apps/").data["results"][0]
    assert alice.call("DELETE", f"users/apps/{grant['id']}/").status == 204
    assert await line.closed(within=2) == 4401
