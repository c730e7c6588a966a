"""A real Chromium against a real server: people sign in as they would, and each page can be held to WCAG 2.2 AA."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import PASSWORD, Person, Site

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# A page that a test fulfils itself counts as public, and may not reach loopback without this.
ARGUMENTS.append("--disable-features=LocalNetworkAccessChecks")
# A microphone that beeps once a second, which every page may use.
ARGUMENTS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# Not for the session: while Playwright is open, no test of the same process can run a loop or ask the database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's package chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open browsers of their own, with Playwright's options for a context; all are closed afterwards."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        contexts.append(browser.new_context(**{"service_workers": "block", **options}))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page_of(new_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """Sign a person in through the page, in a browser of their own, and stay on `path`."""

    def open_page(person: Person, path: str = "/talk/", **options: Any) -> Page:
        page = new_page(**options)
        page.goto(f"{site.url}/sign-in/?next={path}")
        page.get_by_label("E-mail").fill(person.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    return open_page


@pytest.fixture
def talk_of(new_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """Sign a person in over the API and open Talk, or one conversation, with its connection."""

    def open_page(person: Person, room: str = "", **options: Any) -> Page:
        page = new_page(**options)
        token = page.request.get(f"{site.url}/api/v1/users/csrf/").json()["csrf_token"]
        answer = page.request.post(
            f"{site.url}/api/v1/users/login/",
            data={"email": person.email, "password": PASSWORD},
            headers={"X-CSRFToken": token},
        )
        assert answer.ok, answer.text()
        page.goto(f"{site.url}/talk/{room}/" if room else f"{site.url}/talk/")
        expect(page.locator("#live")).to_have_text("Live")
        return page

    return open_page


def faults(page: Page) -> list[str]:
    """Return what axe finds on the page as it stands, by rule and element; the page has to be open to scripts."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{fault['id']}: {node['html'][:200]}" for fault in found["violations"] for node in fault["nodes"]]
