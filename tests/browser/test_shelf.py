"""The shelf of recommended books as readers use it: with reasons, by keyboard, on a phone, with and without scripts."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import Person, Site

pytestmark = pytest.mark.browser
New = Callable[..., Page]
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def books(site: Site) -> Iterator[dict[str, str]]:
    """Two subjects of five books; returns their ids by title."""
    librarian = site.register("Jodie").become_staff()
    made = {}
    for subject in ("Volcanoes", "Orchids"):
        category = _post(librarian, "categories/", name=subject)
        for number in range(5):
            body = {"title": f"{subject} {number}", "categories": [category], "description": f"All about {subject}."}
            made[body["title"]] = _post(librarian, "books/", **body)
    yield made
    for book in made.values():
        librarian.call("DELETE", f"books/{book}/")


def _post(person: Person, path: str, **body: Any) -> str:
    answer = person.call("POST", path, body)
    assert answer.status == 201, answer.data
    return str(answer.data["id"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_the_shelf_can_be_read_by_everybody(
    site: Site, books: dict[str, str], page_of: New, scheme: str, size: dict[str, int]
) -> None:
    staff = site.register("Robin").become_staff()
    page = page_of(staff, "/library/shelf/", color_scheme=scheme, viewport=size, bypass_csp=True)
    page.get_by_role("button", name="Not for me: ").first.click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    for address in ("", "/library/recommendations/"):
        if address:
            page.goto(f"{site.url}{address}")
        assert faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_a_rating_makes_the_shelf_ones_own(site: Site, books: dict[str, str], page_of: New) -> None:
    alice = site.register("Alice")
    page = page_of(alice, "/library/shelf/")
    expect(page.get_by_text("Rate a book that you know")).to_be_visible()
    _post(alice, f"books/{books['Orchids 0']}/reviews/", rating=5)
    page.reload()
    expect(page.locator(".shelf li").first).to_contain_text("Because you liked Orchids 0")
    expect(page.locator(".shelf li").first.get_by_role("heading")).to_contain_text("Orchids")
    expect(page.locator(".shelf").get_by_role("link", name="Orchids 0", exact=True)).to_have_count(0)

    page.locator(".shelf h3 a").first.press("Enter")
    expect(page).to_have_url(re.compile(r"/library/books/[0-9a-f-]+/$"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_book_is_taken_off_and_put_back(site: Site, books: dict[str, str], page_of: New, scripts: bool) -> None:
    page = page_of(site.register("Bob"), "/library/shelf/", java_script_enabled=scripts)
    on_shelf = page.locator(".shelf").get_by_role("link", name="Volcanoes 3", exact=True)
    expect(on_shelf).to_have_count(1)
    page.get_by_role("button", name="Not for me: Volcanoes 3").press("Enter")
    expect(on_shelf).to_have_count(0)
    if scripts:
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        page.keyboard.press("Enter")
    else:
        page.get_by_role("button", name="Put back: Volcanoes 3").click()
    expect(on_shelf).to_have_count(1)
    expect(page.get_by_text("“Volcanoes 3” may be recommended again.")).to_be_visible()
