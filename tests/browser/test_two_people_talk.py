"""Two people in two browsers, as they would use Talk."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Person, Site

pytestmark = pytest.mark.browser


@pytest.fixture
def sign_in(page_of: Callable[..., Page]) -> Callable[..., Page]:
    def open_page(person: Person, **options: Any) -> Page:
        page = page_of(person, **options)
        expect(page.locator("#live")).to_have_text("Live")
        return page

    return open_page


def direct(one: Person, other: Person) -> str:
    made = one.call("POST", "chat/conversations/", {"kind": "direct", "participants": [other.id]})
    return str(made.data["id"])


def say(page: Page, text: str) -> None:
    page.locator("#message").fill(text)
    page.keyboard.press("Enter")


def test_a_message_travels_and_is_seen(site: Site, sign_in: Callable[..., Page]) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    direct(alice, bob)
    at_alice, at_bob = sign_in(alice), sign_in(bob, viewport={"width": 390, "height": 800}, color_scheme="dark")
    at_alice.get_by_role("link", name="Bob Tester").click()
    at_bob.get_by_role("link", name="Alice Tester").click()
    say(at_alice, "hello **Bob** <b>x</b>")
    heard = at_bob.locator("#messages article").last
    expect(heard.locator("strong", has_text="Bob")).to_be_visible()
    expect(heard).to_contain_text("<b>x</b>")
    expect(at_alice.locator(".message-state").last).to_contain_text("Seen by Bob")
    at_bob.locator("#message").type("writing")
    expect(at_alice.locator("#typing")).to_have_text("Bob is writing")
    width = at_bob.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_what_was_written_without_network_arrives_once(site: Site, sign_in: Callable[..., Page]) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    at_alice = sign_in(alice)
    at_alice.get_by_role("link", name="Bob Tester").click()
    at_alice.context.set_offline(True)
    expect(at_alice.locator("#live")).to_have_text("Offline")
    say(at_alice, "from the field")
    bob.call("POST", f"chat/conversations/{room}/messages/", {"content": "meanwhile"})
    at_alice.context.set_offline(False)
    expect(at_alice.locator("#messages")).to_contain_text("meanwhile", timeout=20_000)
    expect(at_alice.locator(".message-state").last).to_contain_text("Sent", timeout=20_000)
    page = bob.call("GET", f"chat/conversations/{room}/messages/").data["results"]
    assert [message["content"] for message in page] == ["meanwhile", "from the field"]
