"""The pages that show the API's document, as a browser draws them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Site

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("path", "shown"), [("docs", ".opblock"), ("redoc", "[role=menu]")])
def test_the_page_is_drawn_without_a_fault_and_asks_nobody_else(
    site: Site, new_page: Callable[..., Page], path: str, shown: str
) -> None:
    page = new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{site.url}/api/{path}/")
    # Drawing hundreds of operations takes its time.
    expect(page.locator(shown).first).to_be_visible(timeout=40_000)
    expect(page).to_have_title("Lyceum API")
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((f"{site.url}/", "data:", "blob:"))] == []
    assert faults == []
