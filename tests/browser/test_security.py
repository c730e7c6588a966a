"""The second factor as people set it up and use it, by keyboard, on a phone, in both themes, and without JavaScript."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lyceum.accounts import totp
from tests.browser.conftest import faults
from tests.conftest import PASSWORD, Person, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
New = Callable[..., Page]


class App:
    """A person's app; it gives no code twice, and the one after as soon as a phone that is ahead would."""

    def __init__(self, secret: str) -> None:
        self.secret, self.last = secret, 0

    def code(self) -> str:
        self.last = max(totp.step_at(time.time()), self.last + 1)
        return totp.code_of(self.secret, self.last)


def set_up(person: Person) -> tuple[App, list[str]]:
    app = App(person.call("POST", "auth/totp/").data["secret"])
    made = person.call("POST", "auth/totp/confirm/", {"otp": app.code()})
    assert made.status == 200, made.data
    return app, made.data["recovery_codes"]


def enter(page: Page, site: Site, person: Person, path: str = "/talk/") -> None:
    page.goto(f"{site.url}/sign-in/?next={path}")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_second_factor_is_set_up_and_asked_for_from_then_on(site: Site, page_of: New, new_page: New) -> None:
    alice = site.register("Alice")
    page = page_of(alice, "/security/", viewport=PHONE)
    page.get_by_role("link", name="Set it up").click()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    page.get_by_label("Code from the app").fill("000000")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    app = App(secret)
    page.get_by_label("Code from the app").fill(app.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The second factor is on")).to_be_focused()
    codes = page.get_by_label("Recovery codes").input_value().split("\n")
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().split("\n") == codes
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("#recovery")).to_contain_text("10 are left.")

    other = new_page()
    enter(other, site, alice, "/people/")
    other.wait_for_url("**/sign-in/code/")
    other.get_by_role("textbox", name="Code").fill("111111")
    other.keyboard.press("Enter")
    expect(other.locator(".error-summary")).to_contain_text("This code is wrong or was used already.")
    other.get_by_role("textbox", name="Code").fill(app.code())
    other.keyboard.press("Enter")
    other.wait_for_url("**/people/")


def test_a_recovery_code_lets_in_without_javascript(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    _app, codes = set_up(alice)
    page = new_page(java_script_enabled=False)
    enter(page, site, alice, "/security/")
    page.get_by_role("textbox", name="Code").fill(codes[3])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#recovery")).to_contain_text("9 are left.")


def test_the_page_of_the_code_is_nobodys_without_a_password(site: Site, new_page: New) -> None:
    page = new_page()
    page.goto(f"{site.url}/sign-in/code/")
    page.wait_for_url("**/sign-in/")


def test_new_recovery_codes_are_asked_about_first(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    _app, codes = set_up(alice)
    page = new_page()
    enter(page, site, alice, "/security/")
    page.get_by_role("textbox", name="Code").fill(codes[0])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make new codes").click()
    dialog = page.get_by_role("dialog", name="Make new recovery codes?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Make new codes").click()
    expect(page.get_by_role("heading", name="New recovery codes")).to_be_focused()
    assert not set(codes) & set(page.get_by_label("Recovery codes").input_value().split("\n"))


def test_it_is_turned_off_with_password_and_code(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    app, codes = set_up(alice)
    page = new_page()
    enter(page, site, alice, "/security/")
    page.get_by_role("textbox", name="Code").fill(codes[0])
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Turn off the app for codes").click()
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("textbox", name="Code").fill(app.code())
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The second factor is off.")
    expect(page.locator("#second-factor")).to_contain_text("Off")
    assert alice.call("GET", "auth/totp/").data["is_on"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(site: Site, new_page: New, page_of: New, scheme: str) -> None:
    alice = site.register("Alice")
    found: dict[str, object] = {}
    look = {"viewport": PHONE, "color_scheme": scheme, "bypass_csp": True}
    page = page_of(alice, "/security/", **look)

    def check(name: str, page: Page) -> None:
        found[name] = faults(page) + ["too wide"] * (page.evaluate("document.documentElement.scrollWidth") > 390)

    check("off", page)
    page.goto(f"{site.url}/security/app/")
    check("set up", page)
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    page.get_by_label("Code from the app").fill(App(secret).code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("factor is on"))).to_be_visible()
    check("recovery codes", page)
    for path in ("/security/", "/security/app/off/"):
        page.goto(f"{site.url}{path}")
        check(path, page)
    stranger = new_page(**look)
    enter(stranger, site, alice)
    expect(stranger.get_by_role("heading", name="Enter your code")).to_be_visible()
    check("code", stranger)
    assert {name: faults for name, faults in found.items() if faults} == {}
