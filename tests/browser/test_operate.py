"""The page of those who run the workspace: in both themes, on a phone, and live."""

from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import Person, Site

pytestmark = pytest.mark.browser
New = Callable[..., Page]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def staff(site: Site) -> Person:
    found = site.register("Priya")
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("update accounts_user set is_staff = true where id = %s", [found.id])
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}])
def test_the_page_can_be_read_by_everybody_who_may(
    staff: Person, page_of: New, scheme: str, size: dict[str, int]
) -> None:
    page = page_of(staff, "/operate/", color_scheme=scheme, viewport=size, bypass_csp=True)
    expect(page.locator("tbody th").first).to_be_visible(timeout=15_000)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_figures_follow_what_happens(site: Site, staff: Person, page_of: New) -> None:
    page = page_of(staff, "/operate/")
    figure = page.locator("dl.figures > div", has_text="Open now").locator("dd")
    before = int(figure.inner_text())
    page_of(site.register("Alice"), "/talk/")
    expect(figure).not_to_have_text(str(before), timeout=15_000)
    assert int(figure.inner_text()) > 0


def test_the_page_is_walked_by_keyboard_and_read_aloud_in_order(staff: Person, page_of: New) -> None:
    page = page_of(staff, "/operate/", viewport=PHONE)
    expect(page.locator("tbody th").first).to_be_visible(timeout=15_000)
    heads = page.locator("#main").get_by_role("heading")
    assert heads.all_inner_texts() == [
        "Operate",
        "Live connections",
        "Requests and background work",
        "Web processes",
    ]
    # Figures that change every 3 seconds are read when one comes to them, and never by themselves.
    assert page.locator("#main :is([aria-live], [role=status], [role=alert])").count() == 0
    table = page.get_by_role("region", name="Table of the web processes")
    table.focus()
    with page.expect_response(lambda answer: answer.url.endswith("/operate/")):
        pass
    expect(table).to_be_focused()
