import re
from typing import Any

import pytest
from django.test import Client

from lyceum.accounts.models import User
from lyceum.core import middleware

pytestmark = pytest.mark.django_db
PAGE = {"Accept": "text/html"}
HTMX = {"Accept": "text/html", "HX-Request": "true"}


@pytest.fixture
def alice(client: Client) -> User:
    user = User.objects.create_user(
        "alice@example.org", "Kambalda-dome-82", first_name="Alice", last_name="Tester", timezone="Australia/Perth"
    )
    client.force_login(user)
    return user


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(client: Client) -> None:
    page = client.get("/nothing/", headers=PAGE)
    problem = client.get("/nothing/", headers={"Accept": "application/json"})

    assert page.status_code == problem.status_code == 404
    assert page["X-Request-ID"] in page.content.decode()
    assert "<h1>There is no such thing here.</h1>" in page.content.decode()
    assert problem.json()["code"] == "not_found"


def test_for_htmx_a_refusal_is_a_toast_with_the_same_status(client: Client, alice: User) -> None:
    answer = client.post("/sessions/01890000-0000-7000-8000-000000000000/end/", headers=HTMX)

    assert answer.status_code == 404
    assert answer["HX-Retarget"] == "#toasts"
    assert answer["HX-Reswap"] == "beforeend"
    assert answer.content.decode().startswith('<div class="toast">')


def test_who_is_not_signed_in_comes_back_after_signing_in(client: Client) -> None:
    page = client.get("/people/?q=mei", headers=PAGE)
    part = client.get("/people/?q=mei", headers={**HTMX, "HX-Current-URL": "http://testserver/people/"})

    assert (page.status_code, page["Location"]) == (302, "/sign-in/?next=/people/%3Fq%3Dmei")
    assert (part.status_code, part["HX-Redirect"]) == (200, "/sign-in/?next=/people/")


def test_nobody_is_sent_to_another_site(client: Client) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"}, headers=PAGE)
    assert (answer.status_code, answer["Location"]) == (303, "/")


def test_the_theme_stands_in_the_first_byte_of_each_page(client: Client) -> None:
    assert "data-theme=" not in client.get("/sign-in/", headers=PAGE).content.decode()
    client.post("/theme/", {"theme": "dark"})
    assert '<html lang="en" data-theme="dark"' in client.get("/sign-in/", headers=PAGE).content.decode()
    client.post("/theme/", {"theme": "purple"})
    assert "data-theme=" not in client.get("/sign-in/", headers=PAGE).content.decode()


def test_letters_can_be_switched_off(client: Client) -> None:
    client.post("/keys/", {"keys": "off"})
    assert 'data-keys="off"' in client.get("/sign-in/", headers=PAGE).content.decode()


def test_the_language_is_told_truly(client: Client, alice: User) -> None:
    alice.locale = "en-AU"
    alice.save()
    assert '<html lang="en-AU"' in client.get("/profile/", headers=PAGE).content.decode()
    alice.locale = "de"
    alice.save()
    assert '<html lang="en"' in client.get("/profile/", headers=PAGE).content.decode()


def test_a_page_has_no_script_or_style_of_its_own_but_the_import_map(client: Client, alice: User) -> None:
    for path in ("/sign-in/", "/profile/", "/sessions/", "/people/", "/privacy/"):
        answer = client.get(path, headers=PAGE)
        html = answer.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", html) in ([' type="importmap"'], [])
        assert not re.search(r"<[a-z][^>]* style=", html)
        assert not re.search(r"<[a-z][^>]* on[a-z]+=", html)
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_pages_count_in_the_wide_class_and_say_when_it_is_used_up(client: Client, settings: Any) -> None:
    settings.LIMITS_ENABLED = True
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "light": (1000, 1, 60)}
    first, second = (client.get("/sign-in/", headers=PAGE) for _ in range(2))

    assert first["RateLimit-Policy"] == '"light";q=1;w=60'
    assert second.status_code == 429
    assert "Try again in 60 seconds." in second.content.decode()
    assert second["Retry-After"] == "60"


def test_acts_of_strangers_count_like_those_at_the_doors(client: Client, settings: Any) -> None:
    settings.LIMITS_ENABLED = True
    answer = client.post("/reset/", {"email": "nobody@example.org"}, headers=PAGE)
    assert answer["RateLimit-Policy"] == '"light";q=300;w=60, "api";q=20;w=60'


def test_an_act_that_is_only_looked_at_says_so(client: Client) -> None:
    answer = client.get("/theme/", headers=PAGE)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Go back, and use the button or the form there." in answer.content.decode()


def test_a_form_that_was_open_too_long_says_what_to_do(settings: Any) -> None:
    answer = Client(enforce_csrf_checks=True).post("/reset/", {"email": "a@example.org"}, headers=PAGE)
    assert answer.status_code == 403
    assert "Load it again" in answer.content.decode()


def test_a_fault_is_a_page_with_the_number_of_the_request(client: Client, monkeypatch: Any) -> None:
    client.raise_request_exception = False

    def fail(request: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("lyceum.core.shell.retention.all_kept", fail)
    answer = client.get("/privacy/", headers=PAGE)
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "RuntimeError" not in answer.content.decode()


def test_an_outage_is_told_as_one(client: Client, alice: User, monkeypatch: Any) -> None:
    from django.db import OperationalError

    client.raise_request_exception = False

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError

    monkeypatch.setattr("lyceum.accounts.selectors.sign_ins_of", away)
    answer = client.get("/sessions/", headers=PAGE)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "account-menu" not in answer.content.decode()


def test_the_privacy_page_shows_the_figures_that_hold(client: Client, settings: Any) -> None:
    settings.EPHEMERAL_HOURS = 7
    settings.SESSION_COOKIE_AGE = 3 * 24 * 3600
    words = client.get("/privacy/", headers=PAGE).content.decode()
    for figure in ("7 hours", "3 days", "30 days", "24 hours"):
        assert figure in words


def test_who_asks_for_an_icon_by_habit_gets_the_mark(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/static/lyceum/icons/mark")


def test_probes_count_in_nothing() -> None:
    assert "/health/" in middleware.NOT_PAGES
