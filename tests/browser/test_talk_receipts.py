"""Receipts in Talk that are told while one is away: "Sent" becomes "Seen" as soon as the connection is back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.talk import direct, is_live, message, say
from tests.conftest import Person, Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


class Held:
    """The next answer from an address, which stays under way until the test lets it go."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.caught: list[tuple[Route, APIResponse]] = []
        page.route(url, lambda route: self.caught.append((route, route.fetch())), times=1)

    def wait(self) -> None:
        while not self.caught:
            self.page.wait_for_timeout(20)

    def let_go(self) -> None:
        route, answer = self.caught.pop()
        route.fulfill(response=answer)


def read(person: Person, room: str, sequence: int) -> None:
    assert person.call("POST", f"chat/conversations/{room}/read/", {"sequence": sequence}).status == 200


def test_what_was_read_while_the_connection_was_lost_is_seen_when_it_is_back(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    for number in (1, 2, 3):
        say(page, f"sample {number}")
        expect(message(page, f"sample {number}")).to_contain_text("Sent")
        page.context.set_offline(True)
        expect(page.locator("#live")).to_have_text("Offline")
        read(bob, room, number)
        page.context.set_offline(False)
        expect(message(is_live(page), f"sample {number}")).to_contain_text("Seen by Bob")


def test_what_was_read_between_the_list_and_the_connection_is_seen(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    say(page, "a sample")
    expect(message(page, "a sample")).to_contain_text("Sent")
    held = Held(page, "**/api/v1/chat/conversations/?limit=100")
    page.reload(wait_until="commit")
    held.wait()
    read(bob, room, 1)
    held.let_go()
    expect(message(is_live(page), "a sample")).to_contain_text("Seen by Bob")


def test_an_answer_from_before_a_receipt_does_not_take_it_back(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    say(page, "a sample")
    expect(message(page, "a sample")).to_contain_text("Sent")
    url = f"**/api/v1/chat/conversations/{room}/"
    held = Held(page, url)
    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_text("Offline")
    page.context.set_offline(False)
    held.wait()
    read(bob, room, 1)
    expect(message(page, "a sample")).to_contain_text("Seen by Bob")
    with page.expect_response(url):
        held.let_go()
    say(page, "another")
    expect(message(page, "another")).to_contain_text("Sent")
    expect(message(page, "a sample")).to_contain_text("Seen by Bob")
