"""Two people in two browsers, as they would use Talk."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.talk import PHONE, choose, direct, group, message, post, say
from tests.conftest import Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


def test_a_message_travels_and_is_seen(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    direct(alice, bob)
    at_alice, at_bob = talk_of(alice), talk_of(bob, viewport=PHONE, color_scheme="dark")
    at_alice.get_by_role("link", name="Bob Tester").click()
    at_bob.get_by_role("link", name="Alice Tester").click()
    say(at_alice, "hello **Bob** <b>x</b>")
    heard = at_bob.locator("#messages article").last
    expect(heard.locator("strong", has_text="Bob")).to_be_visible()
    expect(heard).to_contain_text("<b>x</b>")
    expect(at_alice.locator(".message-state").last).to_contain_text("Seen by Bob")
    at_bob.locator("#message").type("writing")
    expect(at_alice.locator("#typing")).to_have_text("Bob is writing")
    expect(at_alice.locator("#rows-direct")).to_contain_text("Bob is writing")
    say(at_bob, "here it is")
    expect(message(at_alice, "here it is")).to_be_visible()
    expect(at_alice.locator("#typing-words")).to_have_text("", timeout=2000)
    width = at_bob.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


def test_who_writes_is_told_where_they_write(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    direct(alice, bob)
    direct(alice, site.register("Charlie"))
    at_alice, at_bob = talk_of(alice), talk_of(bob)
    at_alice.get_by_role("link", name="Bob Tester").click()
    at_bob.get_by_role("link", name="Alice Tester").click()
    at_bob.locator("#message").type("writing")
    expect(at_alice.locator("#typing-words")).to_have_text("Bob is writing")
    at_alice.get_by_role("link", name="Charlie Tester").click()
    expect(at_alice.locator("#message")).to_have_attribute("placeholder", "Message Charlie Tester")
    told = at_alice.evaluate(
        "[document.querySelector('#rows-direct').innerText, document.querySelector('#typing-words').innerText]"
    )
    assert "Bob is writing" in told[0]
    assert told[1] == ""


def test_what_was_written_without_network_arrives_once(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    at_alice = talk_of(alice, room)
    at_alice.context.set_offline(True)
    expect(at_alice.locator("#live")).to_have_text("Offline")
    say(at_alice, "from the field")
    say(at_alice, "and once more")
    expect(at_alice.locator("#strip")).to_contain_text("2 messages wait here")
    expect(message(at_alice, "from the field")).to_contain_text("Waits for the connection")
    post(bob, room, "meanwhile")
    at_alice.context.set_offline(False)
    expect(at_alice.locator("#messages")).to_contain_text("meanwhile", timeout=20_000)
    expect(at_alice.locator(".message-state").last).to_contain_text("Sent", timeout=20_000)
    expect(at_alice.locator("#strip")).to_contain_text("Everything you missed is here.")
    page = bob.call("GET", f"chat/conversations/{room}/messages/").data["results"]
    assert [row["content"] for row in page] == ["meanwhile", "from the field", "and once more"]


def test_what_waits_outlives_the_page(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    page.locator("#message").fill("half a thought")
    page.route_web_socket("**/ws/", lambda socket: socket.close())
    page.reload()
    expect(page.locator("#message")).to_have_value("half a thought")
    page.locator("#message").press("Enter")
    expect(message(page, "half a thought")).to_contain_text("Waits for the connection")
    page.unroute_all()
    again = page.context.new_page()
    again.goto(f"{site.url}/talk/{room}/")
    expect(again.locator(".message-state").last).to_contain_text("Sent")
    assert [row["content"] for row in bob.call("GET", f"chat/conversations/{room}/messages/").data["results"]] == [
        "half a thought"
    ]


def test_messages_are_answered_edited_and_removed(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "where is the **contact**?")
    at_alice, at_bob = talk_of(alice, room), talk_of(bob, room)
    message(at_alice, "where is").hover()
    message(at_alice, "where is").get_by_role("button", name="Reply").click()
    expect(at_alice.locator("#composer .composer-context")).to_contain_text(
        "Replying to Bob Tester: where is the contact?"
    )
    say(at_alice, "west of the rode")
    expect(message(at_bob, "west of").locator(".message-reply")).to_contain_text("where is the contact?")
    # What is acknowledged can be edited.
    expect(message(at_alice, "west of").get_by_role("button", name="More")).to_be_attached()
    at_alice.keyboard.press("ArrowUp")
    expect(at_alice.locator("#message")).to_have_value("west of the rode")
    say(at_alice, "west of the road")
    expect(message(at_bob, "west of the road")).to_contain_text("edited")
    choose(at_bob, "where is", "Delete")
    expect(at_bob.get_by_role("button", name="Cancel")).to_be_focused()
    at_bob.get_by_role("button", name="Delete the message").click()
    expect(at_alice.locator("#messages")).to_contain_text("This message was removed.")
    expect(at_alice.locator(".message-reply")).to_contain_text("a message that was removed")


def test_reactions_come_from_the_set_or_any_emoji(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "the map is done")
    at_alice, at_bob = talk_of(alice, room), talk_of(bob, room)
    message(at_alice, "the map").hover()
    message(at_alice, "the map").get_by_role("button", name="React").click()
    at_alice.locator("#picker").get_by_role("button", name="Celebrate").click()
    at_bob.get_by_role("button", name="Celebrate, 1").click()
    expect(at_alice.get_by_role("button", name="Celebrate, 2, yours too")).to_have_attribute("aria-pressed", "true")
    message(at_bob, "the map").get_by_role("button", name="React").click()
    at_bob.get_by_label("Any other emoji").fill("🦘")
    at_bob.keyboard.press("Enter")
    expect(at_alice.get_by_role("button", name="🦘, 1")).to_be_visible()
    at_alice.get_by_role("button", name="Celebrate, 2").click()
    expect(at_bob.get_by_role("button", name="Celebrate, 1, yours too")).to_be_visible()


def test_a_thread_is_a_place_of_its_own(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    room = group(alice, bob, charlie)
    root = post(bob, room, "lunch where?")
    post(charlie, room, "unrelated")
    at_alice, at_bob = talk_of(alice, room), talk_of(bob, room, viewport=PHONE)
    choose(at_alice, "lunch where?", "Reply in a thread")
    expect(at_alice.locator("#thread-message")).to_be_focused()
    at_alice.keyboard.type("by the gate")
    at_alice.keyboard.press("Enter")
    expect(at_alice.locator("#thread-messages article")).to_have_count(2)
    expect(at_alice.locator("#thread-count")).to_have_text("1 reply")
    at_bob.get_by_role("button", name="1 reply").click()
    at_bob.locator("#thread-message").fill("at noon")
    at_bob.locator("#thread-composer").get_by_role("button", name="Send").click()
    expect(at_alice.locator("#thread-messages")).to_contain_text("at noon")
    expect(at_alice.locator("#thread-messages")).not_to_contain_text("unrelated")
    expect(at_alice.get_by_role("button", name="2 replies")).to_be_visible()
    at_alice.get_by_role("button", name="Close the thread").click()
    expect(at_alice.locator("#thread-pane")).to_be_hidden()
    rows = alice.call("GET", f"chat/conversations/{room}/messages/{root['id']}/thread/").data["results"]
    assert [row["content"] for row in rows] == ["lunch where?", "by the gate", "at noon"]


def test_names_are_completed_and_those_who_are_named_see_it(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    room, other = group(alice, bob, charlie), direct(bob, charlie)
    at_alice, at_bob = talk_of(alice, room), talk_of(bob, other)
    at_alice.locator("#message").press_sequentially("over to @b")
    expect(at_alice.get_by_role("option", name="Bob Tester")).to_be_visible()
    at_alice.keyboard.press("Enter")
    at_alice.keyboard.type("now")
    at_alice.keyboard.press("Enter")
    expect(message(at_alice, "over to").locator(".mention")).to_have_text("@Bob Tester")
    row = at_bob.get_by_role("link", name="Field week")
    expect(row).to_contain_text("1 unread")
    row.click()
    expect(at_bob.locator(".mention-me")).to_have_text("@Bob Tester")
    expect(row).not_to_contain_text("unread")


def test_own_devices_stay_in_step(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "one")
    desk, phone = talk_of(alice), talk_of(alice, viewport=PHONE)
    expect(phone.get_by_role("link", name="Bob Tester")).to_contain_text("1 unread")
    expect(phone).to_have_title("(1) Talk · Lyceum")
    desk.get_by_role("link", name="Bob Tester").click()
    expect(phone.get_by_role("link", name="Bob Tester")).not_to_contain_text("unread")
    say(desk, "from the desk")
    expect(phone.locator("#rows-direct")).to_contain_text("You: from the desk")


def test_a_message_that_is_refused_says_why_and_can_go_again(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    field = page.locator("#message")
    field.fill("x" * 7990)
    expect(page.locator("#message-note")).to_have_text("10 characters left")
    field.fill("x" * 8003)
    page.keyboard.press("Enter")
    expect(page.locator("#message-note")).to_have_text("3 characters too many: a message has at most 8,000 characters")
    page.locator("#message").fill("x" * 8001)
    expect(page.locator("#message-note")).to_contain_text("1 character too many")
    expect(page.locator("#messages article")).to_have_count(0)
    field.fill("")

    refusals = ["unavailable"]

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def from_page(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["type"] != "user_message" or not refusals:
                server.send(text)
                return
            refusal = {"code": refusals.pop(), "message": "The store is down.", "client_id": frame["client_id"]}
            socket.send(json.dumps({"type": "error", **refusal}))

        socket.on_message(from_page)

    page.route_web_socket("**/ws/", between)
    page.reload()
    expect(page.locator("#live")).to_have_text("Live")
    say(page, "kept safe")
    expect(message(page, "kept safe")).to_contain_text("Not sent: the store is down.")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".message-state").last).to_contain_text("Sent")
