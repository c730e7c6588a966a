"""Talk in both themes and at three widths: accessible by WCAG 2.2 AA, and nothing wider than the page."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.browser.talk import DESK, PHONE, choose, group, message, post
from tests.conftest import Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_is_accessible(site: Site, talk_of: Talk, theme: str) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob, retention="ephemeral")
    post(bob, room, "**look** at `this`, @Alice Tester\n\n```\ncode\n```\n- a\n> b\nhttps://example.org")
    own = post(alice, room, "mine")
    post(bob, room, "an answer", reply_to=own["id"])
    bob.call("PUT", f"chat/conversations/{room}/messages/{own['id']}/reactions/👍/")
    group(bob, alice, name="Unread")
    page = talk_of(alice, room, viewport=DESK, color_scheme=theme, bypass_csp=True)
    expect(message(page, "an answer")).to_be_visible()
    assert faults(page) == []
    message(page, "look").hover()
    message(page, "look").get_by_role("button", name="React").click()
    expect(page.locator("#picker")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    choose(page, "mine", "Delete")
    assert faults(page) == []
    page.keyboard.press("Escape")
    choose(page, "mine", "Reply in a thread")
    expect(page.locator("#thread-messages")).to_contain_text("an answer")
    assert faults(page) == []
    page.locator("#new-open").click()
    page.locator("#people-search").fill("bob")
    expect(page.locator("#people-rows [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_label("A group with a name").check()
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_one_thing_at_a_time(site: Site, talk_of: Talk, theme: str) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob, name="A group with quite a long name for a small screen")
    post(bob, room, "a-very-long-word-" * 20)
    page = talk_of(alice, viewport=PHONE, color_scheme=theme, has_touch=True, is_mobile=True, bypass_csp=True)
    assert faults(page) == []
    page.get_by_role("link", name="A group").tap()
    expect(page.locator("#conversations")).to_be_hidden()
    expect(message(page, "a-very-long-word")).to_be_visible()
    message(page, "a-very-long-word").locator(".message-text").tap()
    expect(page.get_by_role("button", name="Reply")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert faults(page) == []
    page.get_by_role("button", name="Conversation details").tap()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    expect(page.locator("#thread")).to_be_hidden()
    assert faults(page) == []
    page.get_by_role("button", name="Close the details").tap()
    page.get_by_role("link", name="Back to conversations").tap()
    expect(page.locator("#conversations")).to_be_visible()
    assert page.url.endswith("/talk/")


def test_a_tablet_lays_the_details_over_the_thread(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob)
    page = talk_of(alice, room, viewport={"width": 800, "height": 850})
    place = page.locator("#thread").bounding_box()
    page.get_by_role("button", name="Conversation details").click()
    expect(page.locator("#details")).to_be_in_viewport()
    assert page.locator("#thread").bounding_box() == place
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    expect(page.get_by_role("button", name="Conversation details")).to_be_focused()


def test_times_and_days_are_those_of_the_profiles_zone_or_else_of_the_browser(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob)
    sent = datetime.fromisoformat(post(bob, room, "What time is it?")["timestamp"])
    alice.call("PATCH", "users/profile/", {"timezone": "Pacific/Pago_Pago"})
    # 25 hours apart, so never on the same day.
    for person, zone in ((alice, "Pacific/Pago_Pago"), (bob, "Pacific/Kiritimati")):
        page = talk_of(person, room, viewport=DESK, timezone_id="Pacific/Kiritimati")
        there = sent.astimezone(ZoneInfo(zone))
        expect(message(page, "What time").locator("time")).to_have_text(f"{there:%H:%M}")
        expect(page.locator("#messages h2.day").first).to_contain_text(f"{there:%A} {there.day} {there:%B}")
