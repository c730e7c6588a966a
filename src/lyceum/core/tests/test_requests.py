"""The rules that hold for every door, tried at some of them."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from lyceum.core.testing.api_cases import check_problem

PROFILE = "/api/v1/users/profile/"
pytestmark = pytest.mark.django_db


def test_a_missing_slash_is_redirected_on_get_and_served_on_others(alice_api: APIClient) -> None:
    moved = alice_api.get("/api/v1/users/list?q=a%20b&page=2")
    assert (moved.status_code, moved["Location"]) == (308, "list/?q=a%20b&page=2")
    assert alice_api.head("/api/v1/users/list").status_code == 308
    changed = alice_api.patch("/api/v1/users/profile", {"timezone": "Australia/Perth"})
    assert (changed.status_code, changed.json()["timezone"]) == (200, "Australia/Perth")
    assert alice_api.get("/sign-in", headers={"Accept": "text/html"})["Location"] == "sign-in/"


def test_an_address_that_is_none_is_404_in_every_form(api: APIClient, alice_api: APIClient) -> None:
    for client in (api, alice_api):
        for path in ("/api/v1/nothing/", "/api/nothing", "/api/v1/", "/api/v1/users/profile/more/"):
            for method in ("GET", "POST", "DELETE"):
                answer = client.generic(method, path)
                check_problem(answer, 404, "not_found")
                assert "Allow" not in answer.headers
    check_problem(api.get("/nothing/"), 404, "not_found")
    page = api.get("/nothing/", headers={"Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_what_is_served_under_a_version_is_served_without_one(alice_api: APIClient) -> None:
    assert alice_api.get("/api/users/profile/").json() == alice_api.get(PROFILE).json()


@pytest.mark.parametrize("accept", ["application/json", "application/*", "*/*", "application/problem+json", ""])
def test_who_admits_json_in_any_way_gets_it(alice_api: APIClient, accept: str) -> None:
    answer = alice_api.get(PROFILE, headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_options_tells_the_methods_and_head_is_get_without_a_body(alice_api: APIClient) -> None:
    told = alice_api.options(PROFILE)
    assert (told.status_code, told["Allow"], told.content) == (204, "GET, PATCH, HEAD, OPTIONS", b"")
    head = alice_api.head(PROFILE)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", alice_api.get(PROFILE)["ETag"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{PROFILE}?q={'x' * 5000}", 414, "query_too_long"),
        (f"{PROFILE}?q=%00", 400, "invalid"),
        ("/api/v1/users/%00/", 400, "invalid"),
    ],
)
def test_addresses_out_of_bounds_are_refused(alice_api: APIClient, path: str, status: int, code: str) -> None:
    check_problem(alice_api.get(path), status, code)


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\udc00\\ud800"])
def test_nul_and_lone_surrogates_are_refused_on_their_field(alice_api: APIClient, text: str) -> None:
    answer = alice_api.generic("PATCH", PROFILE, f'{{"first_name": "{text}"}}', content_type="application/json")
    check_problem(answer, 400, "invalid")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("first_name", "invalid")]
    unknown = alice_api.generic("PATCH", PROFILE, f'{{"{text}": 1}}', content_type="application/json")
    assert unknown.status_code == 400


def test_an_etag_is_strong_and_guards_a_change(alice_api: APIClient) -> None:
    tag = alice_api.get(PROFILE)["ETag"]
    assert re.fullmatch(r'"[0-9a-f-]{36}\.[0-9]+"', tag)
    body = {"timezone": "Australia/Perth"}
    for zone, good in (("UTC", "{}"), ("Asia/Tokyo", "*"), ("Europe/Oslo", '"other", {}')):
        tag = alice_api.patch(PROFILE, body)["ETag"]
        answer = alice_api.patch(PROFILE, {"timezone": zone}, headers={"If-Match": good.format(tag)})
        assert answer.status_code == 200
        assert answer["ETag"] != tag
        tag = answer["ETag"]
    for stale in ('"other"', f"W/{tag}", tag.strip('"')):
        check_problem(alice_api.patch(PROFILE, body, headers={"If-Match": stale}), 412, "precondition_failed")
    assert alice_api.patch(PROFILE, body).status_code == 200


def test_every_answer_has_a_request_id_and_strangers_cannot_choose_it(api: APIClient, settings: Any) -> None:
    ids = {api.get("/api/v1/users/csrf/", headers={"X-Request-ID": "mine"})["X-Request-ID"] for _ in range(2)}
    assert len(ids) == 2
    assert "mine" not in ids
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    given = {name: api.get("/nothing/", headers={"X-Request-ID": name})["X-Request-ID"] for name in ("mine", "a b")}
    assert given["mine"] == "mine"
    assert given["a b"] != "a b"
    assert len(api.get("/nothing/", headers={"X-Request-ID": "x" * 65})["X-Request-ID"]) == 36


def test_an_answer_is_private_and_carries_the_security_headers(alice_api: APIClient) -> None:
    for path in (PROFILE, "/api/v1/nothing/", "/sign-in/", "/health/"):
        answer = alice_api.get(path, headers={"Accept": "*/*"})
        assert answer["Cache-Control"] == "no-store", path
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
        assert "unsafe" not in str(policy)
        assert (policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == ("'none'",) * 3


def test_over_https_browsers_are_told_to_stay_there(api: APIClient, settings: Any) -> None:
    assert "Strict-Transport-Security" not in api.get("/health/").headers
    settings.SESSION_COOKIE_SECURE = True
    assert api.get("/health/")["Strict-Transport-Security"] == "max-age=31536000"


def test_a_fault_is_a_problem_without_details(alice_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from lyceum.accounts.api import views

    def fail(user: Any) -> Any:
        raise KeyError("secret")

    monkeypatch.setattr(views, "profile_answer", fail)
    alice_api.raise_request_exception = False
    answer = alice_api.get(PROFILE)
    check_problem(answer, 500, "internal")
    assert b"secret" not in answer.content


def test_health_is_open_and_says_little(api: APIClient) -> None:
    assert api.get("/health/").json() == {"status": "healthy"}
    assert api.get("/health/ready/").status_code == 200
    assert set(api.get("/api/v1/chat/health/").json()) == {"status", "gateway", "store", "live"}


ALLOWED = "https://app.example.org"


@pytest.fixture
def cors(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]


@pytest.mark.usefixtures("cors")
def test_a_named_origin_may_use_the_api_with_cookies(api: APIClient) -> None:
    answer = api.get(PROFILE, headers={"Origin": ALLOWED})
    assert answer["Access-Control-Allow-Origin"] == ALLOWED
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert "RateLimit" in answer["Access-Control-Expose-Headers"]
    assert "Origin" in answer["Vary"]
    asked = {"Origin": ALLOWED, "Access-Control-Request-Method": "PATCH"}
    preflight = api.options(PROFILE, headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "PATCH" in preflight["Access-Control-Allow-Methods"]
    assert "X-CSRFToken" in preflight["Access-Control-Allow-Headers"]


@pytest.mark.usefixtures("cors")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"{ALLOWED}.evil.example", "null", "http://app.example.org", f"{ALLOWED}:444"]
)
def test_other_origins_get_no_word(api: APIClient, origin: str) -> None:
    for answer in (
        api.get(PROFILE, headers={"Origin": origin}),
        api.options(PROFILE, headers={"Origin": origin, "Access-Control-Request-Method": "PATCH"}),
    ):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer["Vary"]


def test_without_a_named_origin_nobody_gets_a_word(api: APIClient) -> None:
    answer = api.get(PROFILE, headers={"Origin": "https://app.example.org"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_document_is_yaml_or_json_by_accept_and_the_pages_are_ours_alone(api: APIClient) -> None:
    document = json.loads(api.get("/api/schema/", headers={"Accept": "application/json"}).content)
    assert document["openapi"].startswith("3.1")
    yaml = api.get("/api/schema/", headers={"Accept": "application/yaml"})
    assert yaml["Content-Type"].startswith("application/yaml")
    assert yaml.content.startswith(b"openapi: 3.1")
    for page in ("/api/docs/", "/api/redoc/"):
        answer = api.get(page, headers={"Accept": "text/html"})
        assert answer["Content-Type"].startswith("text/html")
        assert not re.findall(rb"""(?:src|href)=["'](?:https?:)?//""", answer.content)
        assert re.search(rb'<link rel="icon" href="/static/lyceum/icons/mark[^"]*svg"', answer.content)
    assert api.get("/api/asyncapi/").json()["asyncapi"].startswith("3.")


def test_the_pages_can_be_turned_off_and_the_document_stays(api: APIClient, settings: Any) -> None:
    settings.ENABLE_SWAGGER = False
    for page in ("/api/docs/", "/api/v1/redoc/"):
        check_problem(api.get(page), 404, "not_found")
    assert api.get("/api/schema/").status_code == 200


def test_a_session_cookie_says_what_browsers_need(alice: Any) -> None:
    browser = Client()
    answer = browser.get("/api/v1/users/csrf/")
    assert answer.cookies["csrftoken"]["samesite"] == "Lax"
    assert not answer.cookies["csrftoken"]["httponly"]
