"""What the tutorial promises in the browser, done as it says by two of the demo people."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from lyceum.config.demo.people import PASSWORD, WITH_PASSWORD
from tests.conftest import Site
from tests.docs.blocks import DOCS

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")]
TEXT = (DOCS / "tutorial.md").read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def sign_in(context: BrowserContext, site: Site, name: str) -> Page:
    page = context.new_page()
    page.goto(site.url)
    page.get_by_label("E-mail").fill(f"{name}@goldfields.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/**")
    return page


def enter(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name).first).to_be_visible()


def test_it_prints_the_sign_ins_as_the_start_does() -> None:
    for name, role in WITH_PASSWORD.items():
        assert f"Demo {role}: {name}@goldfields.example  password: {PASSWORD}" in TEXT


def test_two_people_of_the_school_talk(school: Site, browser: Browser) -> None:
    context = browser.new_context(), browser.new_context()
    mei, ruth = sign_in(context[0], school, "mei"), sign_in(context[1], school, "ruth")
    for name in re.findall(r"\*\*(Kambalda mapping week|Lake tonight\?)\*\*", TEXT):
        enter(mei, name)
    enter(mei, "Ruth Pemberton")
    enter(ruth, "Mei Tanaka")
    mei.get_by_role("textbox", name="Message").fill("Yes please.")
    mei.keyboard.press("Enter")
    expect(ruth.get_by_text("Yes please.").last).to_be_visible()
    expect(mei.get_by_text("Seen by Ruth").last).to_be_visible()
    for one in context:
        one.close()
