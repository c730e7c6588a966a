"""Limits, as requests meet them."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from rest_framework.test import APIClient

from lyceum.accounts.public import give_limit_profile
from lyceum.core import limits, valkey
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.testing.api_cases import check_problem
from lyceum.core.testing.people import client_of
from lyceum.messaging import services

ME, CSRF = "/api/v1/auth/me/", "/api/v1/users/csrf/"
pytestmark = pytest.mark.django_db


def left(answer: Any, name: str = "api") -> int:
    found = re.search(rf'"{name}";r=(\d+)', answer["RateLimit"])
    assert found, answer["RateLimit"]
    return int(found[1])


@pytest.fixture
def small(settings: Any) -> None:
    settings.LIMIT_CLASSES = {"api": (5, 3, 60), "light": (8, 8, 60), "send": (2, 2, 60)}


def test_a_person_has_a_hundred_a_minute_and_an_address_twenty(api: APIClient, alice_api: APIClient) -> None:
    assert (api.get(CSRF)["RateLimit-Policy"], left(api.get(CSRF))) == ('"api";q=20;w=60', 18)
    assert (alice_api.get(ME)["RateLimit-Policy"], left(alice_api.get(ME))) == ('"api";q=100;w=60', 98)


def test_every_answer_tells_and_every_request_counts(alice_api: APIClient) -> None:
    answers = [
        alice_api.get(ME),
        alice_api.get("/api/v1/nothing/"),
        alice_api.get("/api/v1/auth/me"),
        alice_api.post(ME),
        alice_api.patch(ME, {"x": 1}),
        alice_api.generic("PATCH", ME, "{", content_type="application/json"),
        alice_api.generic("PATCH", ME, "x" * 1_100_000, content_type="application/json"),
        alice_api.get(f"{ME}?{'q' * 5000}"),
        alice_api.get(f"{ME}?q=%00"),
        alice_api.get(ME, headers={"Accept": "text/csv"}),
        alice_api.options(ME),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 308, 405, 400, 400, 413, 414, 400, 406, 204]
    assert [left(answer) for answer in answers] == list(range(99, 88, -1))


def test_a_refused_sign_in_counts_for_its_address(api: APIClient, alice_api: APIClient) -> None:
    assert left(api.get(ME)) == 19
    assert left(api.get(ME, headers={"Authorization": "Bearer lya_bad"})) == 18
    for path in ("users/register/", "users/login/", "auth/token/", "users/password/reset/"):
        before = left(api.get(CSRF))
        assert left(alice_api.post(f"/api/v1/{path}", {})) == before - 1


@pytest.mark.usefixtures("small")
def test_a_used_up_class_is_told_with_all_the_others_and_charges_none(alice: Any, bob: Any) -> None:
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    client, url = client_of(alice), f"/api/v1/chat/conversations/{room}/messages/"
    for _ in range(2):
        assert client.post(url, {"content": "x"}).status_code == 201
    refused = client.post(url, {"content": "x"})
    check_problem(refused, 429, "rate_limited")
    assert refused["RateLimit-Policy"] == '"api";q=5;w=60, "send";q=2;w=60'
    assert (left(refused, "api"), left(refused, "send")) == (3, 0)
    assert 25 <= int(refused["Retry-After"]) <= 30
    assert left(client.get(url)) == 2


def test_after_the_wait_that_was_told_the_request_passes(alice_api: APIClient, settings: Any) -> None:
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "api": (2, 2, 2)}
    answers = [alice_api.get(ME) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "1"
    # What passes a second later is what the limiter's own clock says; it is asked, not waited for.
    bucket = limits.bucket("api", user=str(answers[0].wsgi_request.api_user.pk), address="")
    assert 0 < limits.take([bucket]).wait <= 1


@pytest.mark.usefixtures("small")
def test_pages_and_documents_count_in_the_wide_class_and_probes_in_none(api: APIClient) -> None:
    html = {"Accept": "text/html"}
    answers = [api.get(path, headers=html) for path in ("/sign-in/", "/sign-up/", "/api/docs/")]
    answers += [api.get(path) for path in ("/api/schema/", "/api/asyncapi/", "/api/v1/chat/health/")]
    assert [left(answer, "light") for answer in answers] == [7, 6, 5, 4, 3, 2]
    assert "RateLimit" not in api.get("/health/").headers
    assert "RateLimit" not in api.get("/health/ready/").headers
    api.get("/sign-in/"), api.get("/sign-in/")
    assert api.get("/sign-in/").status_code == 429


def test_of_many_requests_at_once_exactly_the_quota_passes(settings: Any) -> None:
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "api": (100, 20, 3600)}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: APIClient().get(CSRF).status_code, range(64)))
    assert (statuses.count(200), statuses.count(429)) == (20, 44)


def test_headers_of_strangers_change_no_address(api: APIClient, settings: Any) -> None:
    forged = {"X-Forwarded-For": "10.1.1.1", "Forwarded": "for=10.1.1.2", "X-Real-IP": "10.1.1.3"}
    assert [left(api.get(CSRF, headers=forged)) for _ in range(2)] == [19, 18]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert left(api.get(CSRF, headers={"X-Forwarded-For": "6.6.6.6, 10.1.1.1"})) == 19
    assert left(api.get(CSRF, headers={"X-Forwarded-For": "7.7.7.7, 10.1.1.1"})) == 18


def test_one_customers_ipv6_addresses_are_one() -> None:
    clients = [APIClient(REMOTE_ADDR=f"2001:db8:1:2::{n}") for n in (1, 2)]
    assert [left(client.get(CSRF)) for client in clients] == [19, 18]
    mapped, plain = APIClient(REMOTE_ADDR="::ffff:10.9.9.9"), APIClient(REMOTE_ADDR="10.9.9.9")
    assert [left(client.get(CSRF)) for client in (mapped, plain)] == [19, 18]


def test_a_profile_widens_the_quota_and_the_best_one_counts(alice: Any) -> None:
    def quota() -> str:
        fresh = type(alice).objects.get(pk=alice.pk)
        return str(client_of(fresh).get(ME)["RateLimit-Policy"])

    give_limit_profile(alice.email.upper(), "basic")
    assert quota() == '"api";q=300;w=60'
    give_limit_profile("Field school", "premium", is_group=True, members=[alice.email])
    assert quota() == '"api";q=1000;w=60'
    give_limit_profile("Field school", "free", is_group=True)
    assert quota() == '"api";q=300;w=60'
    with pytest.raises(Invalid):
        give_limit_profile(alice.email, "endless")
    with pytest.raises(NotFound):
        give_limit_profile("nobody@example.org", "basic")


@pytest.fixture
def valkey_is_away() -> Any:
    away = redis.Redis(port=1, socket_connect_timeout=0.2, retry=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(valkey, "connection", lambda: away)
        patch.setattr(limits, "_away_until", 0.0)
        yield


@pytest.mark.usefixtures("small", "valkey_is_away")
def test_without_valkey_people_are_counted_here_and_others_refused(alice_api: APIClient, api: APIClient) -> None:
    answers = [alice_api.get(ME) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert left(answers[0]) == 4
    check_problem(api.get(CSRF), 503, "unavailable")
    check_problem(api.post("/api/v1/auth/token/", {"email": "a@example.org", "password": "x"}), 503, "unavailable")
    assert int(api.get(CSRF)["Retry-After"]) >= 1
    health = api.get("/api/v1/chat/health/")
    assert (health.status_code, health.json()["live"], health.json()["store"]) == (200, "unhealthy", "healthy")
    assert api.get("/health/").status_code == 200
    assert api.get("/health/ready/").status_code == 503
