"""Talk by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.talk import direct, message, post
from tests.conftest import Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


def test_the_main_flows_need_no_mouse(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    to_bob, to_charlie = direct(alice, bob), direct(alice, charlie)
    post(charlie, to_charlie, "are you there?")
    post(bob, to_bob, "one")
    post(bob, to_bob, "two")
    page = talk_of(alice)
    keys = page.keyboard
    page.locator("#filter").focus()
    keys.press("ArrowDown")
    expect(page.get_by_role("link", name="Bob Tester")).to_be_focused()
    keys.press("j")
    expect(page.get_by_role("link", name="Charlie Tester")).to_be_focused()
    keys.press("k")
    keys.press("Enter")
    field = page.get_by_role("textbox", name="Message to Bob Tester")
    expect(field).to_be_focused()

    keys.press("Escape")
    expect(message(page, "two")).to_be_focused()
    keys.press("k")
    expect(message(page, "one")).to_be_focused()
    keys.press("r")
    expect(field).to_be_focused()
    expect(page.locator("#composer .composer-context")).to_contain_text("Replying to Bob Tester: one")
    keys.press("Escape")
    expect(page.locator("#composer .composer-context")).to_be_hidden()
    keys.type("three")
    keys.press("Shift+Enter")
    keys.type("and four")
    keys.press("Enter")
    expect(page.locator("#messages article").last).to_contain_text("and four")
    expect(page.locator(".message-state").last).to_contain_text("Sent")

    keys.press("Escape")
    keys.press("ArrowUp")
    keys.press("e")
    expect(page.locator("#picker").get_by_role("button", name="Agreed", exact=True)).to_be_focused()
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Love, 1, yours too")).to_be_visible()
    expect(message(page, "two")).to_be_focused()
    keys.press("Enter")
    expect(message(page, "two").get_by_role("button", name="React")).to_be_focused()

    keys.press("Alt+ArrowDown")
    expect(page.get_by_role("heading", name="Charlie Tester", level=1)).to_be_visible()
    expect(message(page, "are you there?")).to_be_visible()


def test_letters_do_nothing_once_they_are_switched_off(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "one")
    page = talk_of(alice, room)
    page.evaluate("document.documentElement.dataset.keys = 'off'")
    message(page, "one").focus()
    page.keyboard.press("r")
    expect(page.locator("#composer .composer-context")).to_be_hidden()
    expect(message(page, "one")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#composer .composer-context")).to_contain_text("Replying to Bob Tester: one")


def test_the_list_keeps_its_order_under_the_focus(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    post(charlie, direct(alice, charlie), "first")
    to_bob = direct(alice, bob)
    post(bob, to_bob, "second")
    page = talk_of(alice)
    rows = page.locator("#rows-direct .row-name")
    expect(rows).to_have_text(["Bob Tester", "Charlie Tester"])
    page.get_by_role("link", name="Bob Tester").focus()
    post(charlie, direct(charlie, alice), "third")
    expect(page.get_by_role("link", name="Charlie Tester")).to_contain_text("third")
    expect(rows).to_have_text(["Bob Tester", "Charlie Tester"])
    page.locator("#account-open").focus()
    expect(rows).to_have_text(["Charlie Tester", "Bob Tester"])
