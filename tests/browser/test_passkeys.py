"""Passkeys from end to end, with Chromium's own virtual device."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.browser.test_security import set_up
from tests.conftest import PASSWORD, Person, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
New = Callable[..., Page]


def by_name(site: Site) -> str:
    """Browsers make passkeys for names, not for addresses."""
    return f"http://localhost:{site.port}"


class Device:
    """The virtual authenticator of a page's browser, which says yes as its owner would."""

    def __init__(self, page: Page) -> None:
        self.line = page.context.new_cdp_session(page)
        self.line.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.line.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def set(self, command: str, **values: Any) -> None:
        self.line.send(f"WebAuthn.{command}", {"authenticatorId": self.id, **values})

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.line.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found


def enter(page: Page, site: Site, person: Person, path: str) -> None:
    page.goto(f"{by_name(site)}/sign-in/?next={path}")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{path}")


def sign_out(page: Page) -> None:
    page.locator("#account-open").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")


def by_button_alone(page: Page) -> Page:
    """Let a browser offer nothing at the field by itself, so that the button is what signs in."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    return page


def with_passkey(page: Page, site: Site, person: Person) -> Device:
    enter(page, site, person, "/security/")
    device = Device(page)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#passkeys li")).to_have_count(1)
    return device


def test_a_passkey_is_made_named_and_signs_in(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = by_button_alone(new_page())
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)
    device = with_passkey(page, site, alice)
    assert len(device.credentials()) == 1
    name = page.locator("#passkeys input[name=name]")
    expect(name).to_be_focused()
    page.keyboard.type("Work laptop")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The name is saved.")
    assert [one["name"] for one in alice.call("GET", "auth/passkeys/").data["results"]] == ["Work laptop"]

    # Where a device has one already, it makes no second.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#passkey-add")).to_contain_text("This device has a passkey for your account already.")

    sign_out(page)
    page.goto(f"{by_name(site)}/sign-in/?next=/people/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/people/")
    assert problems == []


def test_a_passkey_signs_in_from_the_field_where_the_browser_can(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = new_page()
    device = with_passkey(page, site, alice)
    set_up(alice)
    device.set("setAutomaticPresenceSimulation", enabled=False)
    sign_out(page)
    expect(page.get_by_label("E-mail")).to_have_attribute("autocomplete", "username webauthn")
    # The virtual device chooses by itself what a person would choose in the list: nobody presses the button.
    device.set("setAutomaticPresenceSimulation", enabled=True)
    page.goto(f"{by_name(site)}/sign-in/?next=/people/")
    page.wait_for_url("**/people/")


def test_a_device_that_does_not_know_its_holder_is_refused(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = by_button_alone(new_page())
    device = with_passkey(page, site, alice)
    device.set("setUserVerified", isUserVerified=False)
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("[data-passkey] button")).not_to_have_attribute("aria-busy", "true")
    assert page.url.endswith("/sign-in/")


def test_a_passkey_that_was_removed_lets_nobody_in(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = by_button_alone(new_page())
    with_passkey(page, site, alice)
    page.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog", name="Remove this passkey?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Remove the passkey").click()
    expect(page.locator("#passkeys li")).to_have_count(0)
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("[data-passkey]")).to_contain_text("This passkey does not let you in.")


def grow_old(site: Site, person: Person) -> None:
    """Let the sign-ins of a person be older than what counts as a confirmation."""
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as line:
        line.execute(
            "update accounts_session set created_at = created_at - interval '1 hour' where user_id = %s", [person.id]
        )


def test_who_signed_in_long_ago_confirms_with_a_passkey(site: Site, new_page: New) -> None:
    alice = site.register("Alice")
    page = by_button_alone(new_page())
    with_passkey(page, site, alice)
    grow_old(site, alice)
    page.reload()
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_visible()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_have_count(0)


def test_at_an_address_the_page_leads_to_the_name(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/security/")
    link = page.get_by_role("link", name="Open this page by its name")
    expect(link).to_have_attribute("href", f"{by_name(site)}/security/")
    page.goto(f"{site.url}/security/")
    expect(page.locator("#passkey-add")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_passkeys_are_accessible_and_fit_a_phone(site: Site, new_page: New, scheme: str) -> None:
    page = by_button_alone(new_page(viewport=PHONE, color_scheme=scheme, bypass_csp=True))
    with_passkey(page, site, site.register("Alice"))
    found = {"one": faults(page)}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sign_out(page)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()
    found["sign-in"] = faults(page)
    assert found == {"one": [], "sign-in": []}
