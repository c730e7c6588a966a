"""Letting apps and devices in, as a person does: the pages that ask, on a phone, in both themes, without scripts."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import PASSWORD, Site

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
New = Callable[..., Page]


class TheApp(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>App</title><h1>Back in the app</h1>")

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def back() -> Iterator[str]:
    """The address of an app that people are led back to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), TheApp)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/back"
    server.shutdown()


def make_app(site: Site, back: str, **changes: Any) -> dict[str, Any]:
    staff = site.register("Priya").become_staff()
    body = {"name": "Core shed", "redirect_uris": [back], "scopes": ["openid", "chat:read"], "is_confidential": True}
    made = staff.call("POST", "auth/apps/", {**body, **changes})
    assert made.status == 201, made.data
    return dict(made.data)


def address(site: Site, app: dict[str, Any], **more: str) -> str:
    challenge = urlsafe_b64encode(sha256(b"v" * 48).digest()).rstrip(b"=").decode()
    redirect_uri = app["redirect_uris"][0]
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": redirect_uri, "state": "s-1"}
    query |= {"code_challenge": challenge, "code_challenge_method": "S256", "scope": "openid chat:read", **more}
    return f"{site.url}/oauth/authorize/?{urlencode(query)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_person_lets_an_app_in(site: Site, back: str, new_page: New, scheme: str, with_scripts: bool) -> None:
    app, alice = make_app(site, back), site.register("Alice")
    page = new_page(java_script_enabled=with_scripts, color_scheme=scheme, viewport=PHONE)
    page.goto(address(site, app))
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Let Core shed act for you?")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("You go on to a program on this computer.")
    if with_scripts:
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Let Core shed in").click()
    expect(page.get_by_role("heading", name="Back in the app")).to_be_visible()
    assert "code=" in page.url
    assert "state=s-1" in page.url

    page.goto(f"{site.url}/connections/")
    page.get_by_role("button", name="Refuse Core shed from now on").click()
    if with_scripts:
        page.get_by_role("dialog").get_by_role("button", name="Refuse the app").click()
    expect(page.get_by_role("main")).to_contain_text("No app acts for you.")
    page.goto(address(site, app))
    page.get_by_role("button", name="Refuse").click()
    page.wait_for_url(f"{back}?error=access_denied**")


def test_a_request_that_cannot_be_answered_has_a_page(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/connections/", viewport=PHONE)
    assert faults(page) == []
    page.goto(address(site, make_app(site, "https://cores.example.org/back"), redirect_uri="https://evil.example.org/"))
    expect(page.get_by_role("heading", name="This app asks in a way that cannot be answered.")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_device_is_let_in_by_its_code(site: Site, page_of: New, scheme: str) -> None:
    app = make_app(site, "https://cores.example.org/back", is_confidential=False, may_use_devices=True)
    page = page_of(site.register("Alice"), "/device/", viewport=PHONE, color_scheme=scheme)
    begun = page.request.post(f"{site.url}/oauth/device/", form={"client_id": app["client_id"]}).json()
    page.get_by_label("Code").fill("bbbb bbbb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing waits under this code.")
    expect(page.get_by_label("Code")).to_be_focused()
    assert faults(page) == []
    page.get_by_label("Code").fill(begun["user_code"].lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text(begun["user_code"])
    assert faults(page) == []
    page.get_by_role("button", name="Let Core shed in").click()
    expect(page.locator("#toasts")).to_contain_text("Core shed is let in.")


def test_names_and_addresses_of_one_long_word_fit_a_phone(site: Site, page_of: New) -> None:
    app = make_app(site, f"https://{'long' * 15}.{'long' * 15}.example.org/back", name="Shed" * 25)
    page = page_of(site.register("Alice"), "/connections/", viewport=PHONE)
    page.goto(address(site, app))
    expect(page.get_by_role("button", name="Refuse")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_staff_make_an_app_and_remove_it(site: Site, page_of: New, scheme: str) -> None:
    name = f"Shed {os.urandom(3).hex()}{'shed' * 15}"
    page = page_of(site.register("Priya").become_staff(), "/apps/", viewport=PHONE, color_scheme=scheme)
    page.get_by_label("Name of the app").fill(name)
    page.get_by_label("Addresses for answers").fill("http://cores.example.org/back")
    page.get_by_role("button", name="Make the app").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("is no address for answers")
    page.get_by_label("Addresses for answers").fill(
        f"https://cores.example.org/back\nhttps://cores.example.org/{'again' * 20}"
    )
    page.get_by_role("button", name="Make the app").click()
    expect(page.locator("#made-secret")).to_be_visible()
    assert page.locator("#made-secret").input_value().startswith("lyc_")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('.row > span')].every((e) => e.scrollWidth <= e.clientWidth)")
    page.get_by_role("button", name=f"Remove {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the app").click()
    expect(page.locator("#toasts")).to_contain_text("The app is removed.")
    expect(page.get_by_role("button", name=f"Remove {name}")).to_have_count(0)
