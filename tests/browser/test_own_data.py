"""The page of one's own data: the file as it comes, and the end of an account."""

import zipfile
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.browser.talk import PHONE
from tests.conftest import PASSWORD, Site, start_worker

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(flow_environment: dict[str, str]) -> Iterator[None]:
    process = start_worker(flow_environment)
    yield
    process.terminate()
    process.wait(30)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_file_is_asked_for_and_fetched(site: Site, page_of: Callable[..., Page], scheme: str, worker: None) -> None:
    page = page_of(site.register("Alice"), "/your-data/", viewport=PHONE, color_scheme=scheme)
    assert faults(page) == []
    page.get_by_role("button", name="Put my data together").press("Enter")
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible(timeout=30_000)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert "index.html" in zipfile.ZipFile(download.value.path()).namelist()


def test_an_account_is_deleted_with_the_password_and_comes_back_by_signing_in(
    site: Site, page_of: Callable[..., Page]
) -> None:
    alice = site.register("Alice")
    page = page_of(alice, "/your-data/", viewport=PHONE, color_scheme="dark")
    page.get_by_role("link", name="Delete my account").press("Enter")
    assert faults(page) == []
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Delete my account").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is not your password.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/")
    expect(page.locator("#toasts")).to_contain_text("Your account is closed. Sign in within 14 days to keep it.")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/")
    expect(page.locator("#toasts")).to_contain_text("Welcome back.")
