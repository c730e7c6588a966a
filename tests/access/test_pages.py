"""Every page, tried by nobody, by a member and by staff: what has no line is for people who are signed in."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from lyceum.accounts.models import Session
from lyceum.core.ids import uuid7
from lyceum.core.testing.people import make_person
from tests.access.lines import FILE
from tests.access.world import state

KINDS = {"public", "person", "confirmed", "staff", "hidden", "unseen"}
# What a member gets of a page that is for staff.
REFUSALS = {"staff": 403, "hidden": 404, "unseen": 404}
# The API has lines of its own, and Django's admin its own tests.
ELSEWHERE = ("api/", "admin/")
# An id of nothing, a token that never was.
MADE_UP = {"uuid": uuid7, "str": lambda: "zq", "slug": lambda: "zq", "int": lambda: 1}
pytestmark = pytest.mark.django_db


def routes(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        at = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from () if at.startswith(ELSEWHERE) else routes(pattern.url_patterns, at)
        elif isinstance(pattern, URLPattern):
            yield at


LINES: dict[str, str] = yaml.safe_load(FILE.read_text())["pages"]
PAGES = {at: LINES.get(at, "person") for at in routes(get_resolver().url_patterns)}


def path_of(route: str) -> str:
    return "/" + re.sub(r"<(\w+):\w+>", lambda part: str(MADE_UP[part[1]]()), route)


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


def signed_in(name: str, **fields: Any) -> Client:
    found = Client()
    found.force_login(make_person(name, **fields))
    return found


def is_sent_to_sign_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next="))


def test_every_line_of_a_page_is_one_of_a_page() -> None:
    assert set(LINES.values()) <= KINDS
    gone = sorted(set(LINES) - set(PAGES))
    assert not gone, f"There are no such pages any more; take their lines out of {FILE.name}: {gone}"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", sorted(PAGES))
def test_who_is_not_signed_in_is_sent_there_first(route: str, method: str) -> None:
    before = state()
    answer = getattr(Client(), method)(path_of(route))
    if PAGES[route] == "public":
        assert not is_sent_to_sign_in(answer)
        return
    hint = f"add `{route}: public` to `pages:` of tests/access/{FILE.name} if everybody may see it"
    is_good = answer.status_code == 404 if PAGES[route] == "unseen" else is_sent_to_sign_in(answer)
    assert is_good, (answer.status_code, hint)
    assert state() == before


@pytest.mark.parametrize("route", sorted(route for route, kind in PAGES.items() if kind != "public"))
def test_pages_of_staff_refuse_members_and_those_of_people_do_not(route: str) -> None:
    member, staff = signed_in("bob"), signed_in("priya", is_staff=True)
    before = state()
    refused = {getattr(member, method)(path_of(route)).status_code for method in ("get", "post")}
    hint = f"add `{route}: staff` to `pages:` of tests/access/{FILE.name} if it is for staff alone"
    if PAGES[route] in ("person", "confirmed"):
        # What is not there for a member is hidden from them, or a thing of nobody.
        assert not refused & ({401, 403} if "<" in route else {401, 403, 404}), hint
        return
    assert refused == {REFUSALS[PAGES[route]]}
    assert state() == before
    seen = staff.get(path_of(route))
    assert seen.status_code in ((404, 405) if "<" in route else (200, 405)), seen.status_code


@pytest.mark.parametrize("route", sorted(route for route, kind in PAGES.items() if kind == "confirmed"))
def test_ways_in_are_changed_after_a_fresh_proof(route: str) -> None:
    member = signed_in("bob")
    Session.objects.update(created_at=timezone.now() - timedelta(hours=1))
    before = state()
    for method in ("get", "post"):
        assert getattr(member, method)(path_of(route)).headers.get("Location") == "/security/"
    assert state() == before
