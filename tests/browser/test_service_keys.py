"""The staff's page of service keys, as a person uses it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_staff_make_a_key_and_revoke_it(site: Site, page_of: Callable[..., Page], scheme: str) -> None:
    staff = site.register("Priya").become_staff()
    page = page_of(
        staff, "/service-keys/", viewport=PHONE, color_scheme=scheme, permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.get_by_label("Name of the service").fill(f"Reports {scheme}")
    page.get_by_role("checkbox", name="chat:read").check()
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#made-key")
    expect(secret).to_have_value(re.compile("^lyk_"))
    key = secret.input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#toasts")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == key
    expect(page.get_by_label("Name of the service")).to_have_value("")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    answer = site.call("GET", "chat/conversations/", Authorization=f"Bearer {key}")
    assert answer.status == 200

    page.get_by_role("button", name=f"Revoke the key of Reports {scheme}").click()
    expect(page.get_by_role("dialog")).to_contain_text("This cannot be undone.")
    page.get_by_role("dialog").get_by_role("button", name="Revoke the key").click()
    expect(page.locator("#toasts")).to_contain_text("The key is revoked.")
    expect(page.get_by_role("button", name=f"Revoke the key of Reports {scheme}")).to_have_count(0)
    refused = site.call("GET", "chat/conversations/", Authorization=f"Bearer {key}")
    assert (refused.status, refused.data["code"]) == (401, "token_revoked")
