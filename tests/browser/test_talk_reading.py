"""Reading in Talk: history, what is new, far replies, links to one message."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.talk import direct, message, post, say
from tests.conftest import Person, Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]
SMALL = {"width": 900, "height": 600}


def long_room(alice: Person, bob: Person, count: int) -> str:
    room = direct(alice, bob)
    for number in range(1, count + 1):
        post(bob, room, f"line {number} of many\n\nwith a second paragraph")
    return room


def test_history_loads_on_the_way_up_and_nothing_moves(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = long_room(alice, bob, 120)
    alice.call("POST", f"chat/conversations/{room}/read/", {"sequence": 120})
    page = talk_of(alice, room, viewport=SMALL)
    expect(message(page, "line 120 of")).to_be_in_viewport()
    expect(page.locator("#messages article")).to_have_count(50)
    pane = page.locator("#scroll")
    pane.evaluate("pane => { pane.scrollTop = 100 }")
    near = message(page, "line 73 of")
    before = near.bounding_box()
    expect(page.locator("#messages article")).to_have_count(100)
    after = near.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    pane.evaluate("pane => { pane.scrollTop = 0 }")
    expect(message(page, "line 1 of")).to_be_attached()
    expect(page.locator("#messages article")).to_have_count(120)


def test_what_is_new_waits_below_and_a_button_leads_there(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = long_room(alice, bob, 30)
    alice.call("POST", f"chat/conversations/{room}/read/", {"sequence": 30})
    page = talk_of(alice, room, viewport=SMALL)
    expect(message(page, "line 30 of")).to_be_in_viewport()
    pane = page.locator("#scroll")
    pane.evaluate("pane => { pane.scrollTop = 300 }")
    jump = page.locator("#jump")
    expect(jump).to_have_text("To the newest")
    place = pane.evaluate("pane => pane.scrollTop")
    post(bob, room, "first new")
    post(bob, room, "second new")
    expect(jump).to_have_text("2 new messages")
    assert pane.evaluate("pane => pane.scrollTop") == place
    assert alice.call("GET", f"chat/conversations/{room}/").data["unread_count"] == 2
    jump.click()
    expect(message(page, "second new")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    expect(page.get_by_role("link", name="Bob Tester")).not_to_contain_text("unread")


def test_a_line_stands_above_what_is_new(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = long_room(alice, bob, 40)
    alice.call("POST", f"chat/conversations/{room}/read/", {"sequence": 20})
    page = talk_of(alice, room, viewport=SMALL)
    expect(page.locator(".day-new")).to_contain_text("20 new since")
    expect(page.locator(".day-new")).to_be_in_viewport()
    expect(message(page, "line 40 of")).not_to_be_in_viewport()
    assert alice.call("GET", f"chat/conversations/{room}/").data["unread_count"] > 0
    page.locator("#jump").click()
    expect(page.get_by_role("link", name="Bob Tester")).not_to_contain_text("unread")
    post(bob, room, "and one more")
    expect(message(page, "and one more")).to_be_visible()
    expect(page.locator(".day-new")).to_contain_text("20 new since")


def test_a_far_original_is_fetched_and_marked_and_the_way_back_is_short(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = long_room(alice, bob, 130)
    page_one = alice.call("GET", f"chat/conversations/{room}/messages/?after=0&limit=5").data["results"]
    post(bob, room, "about that", reply_to=page_one[2]["id"])
    alice.call("POST", f"chat/conversations/{room}/read/", {"sequence": 131})
    page = talk_of(alice, room, viewport=SMALL)
    page.locator(".message-reply").click()
    expect(page.locator(".message-marked")).to_contain_text("line 3 of many")
    expect(page.locator(".message-marked")).to_be_focused()
    expect(page.locator(".message-marked")).to_be_in_viewport()
    say(page, "answer from far")
    expect(message(page, "answer from far")).to_be_in_viewport()
    expect(message(page, "about that")).to_be_attached()


def test_a_link_leads_to_one_message(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = long_room(alice, bob, 70)
    page = talk_of(alice, viewport=SMALL)
    page.goto(f"{site.url}/talk/{room}/?at=10")
    expect(page.locator(".message-marked")).to_contain_text("line 10 of many")
    expect(page.locator(".message-marked")).to_be_in_viewport()
    charlie = site.register("Charlie")
    at_charlie = talk_of(charlie)
    answer = at_charlie.goto(f"{site.url}/talk/{room}/?at=10")
    assert answer is not None
    assert answer.status == 404


def test_text_is_shown_as_a_safe_part_of_markdown(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(
        bob,
        room,
        "_soft_ **firm** `a_b_c` snake_case_name 2*3*4\n- one\n- two\n\n1. first\n\n> said\n\n```\n<i>&amp;\n```",
    )
    post(
        bob,
        room,
        "[site](https://example.org/a_b) <img src=x onerror=alert(1)> [no](javascript:alert(1)) (https://example.org).",
    )
    page = talk_of(alice, room)
    text = page.locator("#messages .message-text")
    expect(text.first.locator("em")).to_have_text("soft")
    expect(text.first.locator("strong")).to_have_text("firm")
    expect(text.first).to_contain_text("snake_case_name 2*3*4")
    expect(text.first.locator("ul li")).to_have_text(["one", "two"])
    expect(text.first.locator("ol li")).to_have_text(["first"])
    expect(text.first.locator("blockquote")).to_have_text("said")
    expect(text.first.locator("pre")).to_have_text("<i>&amp;")
    hrefs = text.last.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert hrefs == ["https://example.org/a_b", "https://example.org/"]
    expect(text.last).to_contain_text("<img src=x onerror=alert(1)>")
    assert text.last.locator("img").count() == 0


def test_markdown_without_an_end_of_depth_does_not_stop_the_page(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, ">" * 8000)
    post(bob, room, "*_" * 1999 + "x" + "_*" * 1999)
    post(bob, room, "the end")
    page = talk_of(alice, room)
    expect(page.locator("#messages .message-text")).to_have_count(3)
    expect(page.locator("#messages .message-text").last).to_have_text("the end")
