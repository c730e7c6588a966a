"""Accounts as people use them: by keyboard, on a phone, in both themes, with and without JavaScript."""

import base64
import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import PASSWORD, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
OPEN = ["/sign-in/", "/sign-up/", "/reset/", "/reset/none/", "/verify/", "/verify/none/", "/privacy/", "/nothing/"]
OWN = ["/profile/", "/sessions/", "/people/", "/people/?q=zzz"]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
New = Callable[..., Page]


def write(page: Page, *texts: str) -> None:
    """Type into one field after the other, as Tab leads."""
    for text in texts:
        page.keyboard.type(text)
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-show]')"):
            page.keyboard.press("Tab")


def test_sign_up_and_sign_in_by_keyboard_alone(site: Site, new_page: New) -> None:
    page = new_page()
    email = f"zoe.{os.urandom(4).hex()}@example.org"
    page.goto(f"{site.url}/sign-up/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    write(page, "Zoë", "O’Hara", email, PASSWORD, "other")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("The two passwords differ.")
    expect(page.get_by_label("The same password again")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("The same password again")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/**")

    page.locator("#account-open").press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    page.wait_for_url("**/sign-in/")
    expect(page.locator("#toasts")).to_contain_text("You are signed out.")
    page.get_by_label("E-mail").focus()
    write(page, email, PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/**")


def test_without_javascript_the_forms_work(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = new_page(java_script_enabled=False)
    page.goto(f"{site.url}/people/")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".error-summary")).to_contain_text("The address or the password is wrong.")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    page.goto(f"{site.url}/profile/")
    page.get_by_label("First name").fill("Alicia")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Your profile is saved.")).to_be_visible()


def test_a_password_can_be_shown(site: Site, new_page: New) -> None:
    page = new_page()
    page.goto(f"{site.url}/sign-in/")
    page.get_by_label("Password").fill("Kambalda")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Show")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(site: Site, new_page: New, page_of: New, scheme: str) -> None:
    found: dict[str, object] = {}
    stranger = new_page(viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    own = page_of(site.register("Alice"), "/profile/", viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    for page, paths in ((stranger, OPEN), (own, OWN)):
        for path in paths:
            page.goto(f"{site.url}{path}")
            found[path] = faults(page) + ["too wide"] * (page.evaluate("document.documentElement.scrollWidth") > 390)
    own.locator("#account-open").click()
    found["account menu"] = faults(own)
    own.keyboard.press("Escape")
    own.locator("h1").click()
    own.keyboard.press("?")
    expect(own.locator("#keys")).to_be_visible()
    found["map of keys"] = faults(own)
    stranger.goto(f"{site.url}/sign-up/")
    stranger.get_by_role("button", name="Create the account").click()
    expect(stranger.locator(".error-summary")).to_be_visible()
    found["sign-up with mistakes"] = faults(stranger)
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_another_browser_is_signed_out_within_two_seconds(site: Site, page_of: New) -> None:
    alice = site.register("Alice")
    other = page_of(alice)
    expect(other.locator("#live")).to_have_text("Live")
    mine = page_of(alice, "/sessions/")
    expect(mine.locator("#sign-ins li")).to_have_count(3)  # two browsers, and the token by which the test registered
    mine.get_by_role("button", name="Sign out everywhere else").click()
    dialog = mine.get_by_role("dialog", name="Sign out everywhere else?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Sign out everywhere else").click()
    other.wait_for_url("**/sign-in/**", timeout=2000)
    expect(mine.locator("#sign-ins li")).to_have_count(1)
    expect(mine.locator("#toasts")).to_contain_text("Signed out everywhere else.")
    assert mine.url.endswith("/sessions/")


def test_the_theme_is_kept_without_a_flash(site: Site, new_page: New) -> None:
    page = new_page(color_scheme="light")
    page.goto(f"{site.url}/sign-in/")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    answer = page.goto(f"{site.url}/sign-up/")
    assert answer is not None and '<html lang="en" data-theme="dark"' in answer.text()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(250, 249, 245)"
    page.get_by_role("button", name="System").click()
    page.reload()
    assert not page.evaluate("document.documentElement.hasAttribute('data-theme')")


def test_keys_lead_to_sections_until_they_are_switched_off(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/people/")
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_role("button", name="Letters off").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("#account-open").click()
    page.get_by_role("button", name="Keyboard map").click()
    page.get_by_role("button", name="Letters on").click()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/talk/**")


def test_people_are_found_while_one_types_and_written_to(site: Site, page_of: New) -> None:
    word = "".join(chr(ord("a") + byte % 26) for byte in os.urandom(6)).capitalize()
    alice, bob = site.register("Alice"), site.register(word)
    page = page_of(alice, "/people/")
    page.get_by_label("Find people by name").type(word[:4].lower())
    expect(page.locator("#people li")).to_have_count(1)
    expect(page.get_by_label("Find people by name")).to_be_focused()
    assert page.url.endswith(f"/people/?q={word[:4].lower()}")
    page.get_by_role("button", name=f"Write to {bob.name}").click()
    page.wait_for_url("**/talk/*/")


def test_a_picture_is_shown_saved_and_removed_with_a_way_back(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/profile/")
    page.get_by_label("Choose a picture").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": PIXEL})
    expect(page.locator("#avatar-now img")).to_have_attribute("src", re.compile("^blob:"))
    page.get_by_role("button", name="Save the picture").click()
    expect(page.locator("#account-open img")).to_have_attribute("src", re.compile("^/api/v1/users/"))
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.locator("#account-open img")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#account-open img")).to_have_count(1)


@pytest.mark.parametrize(("mime", "content"), [("image/png", b"no"), ("text/plain", PIXEL)])
def test_what_is_no_picture_is_refused_before_it_is_offered(
    site: Site, page_of: New, mime: str, content: bytes
) -> None:
    page = page_of(site.register("Alice"), "/profile/")
    choice = page.get_by_label("Choose a picture")
    choice.set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": PIXEL})
    expect(page.get_by_role("button", name="Save the picture")).to_be_visible()
    choice.set_input_files({"name": "me", "mimeType": mime, "buffer": content})
    expect(page.locator("#avatar-error")).to_contain_text("Send a PNG, JPEG, WebP or GIF picture.")
    expect(page.get_by_role("button", name="Save the picture")).to_be_hidden()
    expect(page.locator("#avatar-now img")).to_have_count(0)


def test_what_others_see_is_saved_in_place(site: Site, page_of: New) -> None:
    alice = site.register("Alice")
    page = page_of(alice, "/profile/")
    page.get_by_label("Show when I am writing").uncheck()
    page.get_by_role("button", name="Save what others see").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    tell = "detail => document.dispatchEvent(new CustomEvent('lyceum:toast', { detail }))"
    for text in ("first", "second", "third"):
        page.evaluate(tell, {"text": text})
    expect(page.locator("#toasts > .toast [data-part=text]")).to_have_text(["first", "second", "third"])
    assert alice.call("GET", "users/profile/").data["show_typing"] is False


def test_each_module_comes_once_and_under_its_hash(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/profile/")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if "/static/" in request.url else None)
    page.goto(f"{site.url}/talk/")
    expect(page.locator("#live")).to_have_text("Live")
    assert any("/static/messaging/" in address for address in loaded)
    assert [address for address in loaded if not re.search(r"\.[0-9a-f]{12}\.\w+(#|$)", address)] == []
    modules = [address for address in loaded if address.endswith(".js")]
    assert len(modules) == len(set(modules))
