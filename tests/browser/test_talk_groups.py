"""Groups in Talk: beginning one, its people and settings, leaving, ending and bringing back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.talk import direct, group, message, post, say
from tests.conftest import Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


def test_a_group_begins_in_the_dialog_by_keyboard(site: Site, talk_of: Talk) -> None:
    alice = site.register("Alice")
    bob, charlie = site.register("Bob", "Quartz"), site.register("Charlie", "Quartzite")
    at_alice, at_bob = talk_of(alice), talk_of(bob)
    at_alice.locator("#new-open").press("Enter")
    expect(at_alice.locator("#people-search")).to_be_focused()
    for person in (bob, charlie):
        at_alice.keyboard.type(person.name)
        expect(at_alice.get_by_role("option", name=person.name)).to_be_visible()
        at_alice.keyboard.press("Enter")
        expect(at_alice.locator("#chosen")).to_contain_text(person.name)
    at_alice.locator("#group-name").fill("Thin sections")
    at_alice.get_by_label("24 hours, then each is gone").check()
    at_alice.keyboard.press("Enter")
    expect(at_alice.get_by_role("heading", name="Thin sections", level=1)).to_be_visible()
    expect(at_alice.locator("#thread-about")).to_contain_text("each message gone after 24 hours")
    expect(at_alice.locator("#details")).to_contain_text("those of the last second may be lost")
    say(at_alice, "welcome")
    expect(at_bob.get_by_role("link", name="Thin sections")).to_contain_text("Alice: welcome")


def test_a_pair_has_one_conversation_and_hiding_can_be_undone(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob", "Pentlandite")
    room = direct(alice, bob)
    post(bob, room, "hello")
    page = talk_of(alice)
    page.locator("#new-open").click()
    page.locator("#people-search").fill(bob.name)
    page.get_by_role("option", name=bob.name).click()
    page.get_by_role("button", name="Start the conversation").click()
    page.wait_for_url(f"**/talk/{room}/")
    page.get_by_role("button", name="Hide this conversation").click()
    expect(page.get_by_role("link", name=bob.name)).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=bob.name)).to_be_visible()
    expect(message(page, "hello")).to_be_visible()


def test_owners_add_promote_and_remove(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie", "Komatiite")
    room = group(alice, bob)
    post(alice, room, "before Charlie")
    at_alice, at_bob, at_charlie = talk_of(alice, room), talk_of(bob, room), talk_of(charlie)
    expect(at_bob.get_by_role("button", name="Add people")).to_be_hidden()
    at_alice.get_by_role("button", name="Add people").click()
    at_alice.locator("#add-search").fill(charlie.name)
    expect(at_alice.get_by_role("option", name=charlie.name)).to_be_visible()
    at_alice.keyboard.press("Enter")
    expect(at_alice.locator("#add-told")).to_have_text(f"{charlie.name} is in the group now.")
    expect(at_alice.locator("#add-search")).to_have_value("")
    expect(at_alice.get_by_text("Nobody is called")).to_be_hidden()
    at_alice.keyboard.press("Escape")
    expect(at_bob.locator("#thread-about")).to_contain_text("3 people")
    expect(message(at_alice, "before Charlie")).to_be_visible()
    expect(at_charlie.locator("#details")).to_be_hidden()
    at_charlie.get_by_role("link", name="Field week").click()
    expect(at_charlie.locator("#details")).to_be_visible()
    expect(at_alice.locator(".message-state")).not_to_contain_text("Charlie")
    expect(at_alice.locator(".message-state")).not_to_contain_text("everyone")

    at_alice.get_by_role("button", name=f"Change {bob.name}").click()
    at_alice.get_by_role("button", name="Make an owner").click()
    expect(at_bob.get_by_role("button", name="Add people")).to_be_visible()
    at_bob.locator("#rename").fill("Mapping week")
    at_bob.get_by_role("button", name="Rename").click()
    expect(at_alice.get_by_role("heading", name="Mapping week", level=1)).to_be_visible()
    expect(at_alice.locator("#message")).to_have_attribute("placeholder", "Message Mapping week")
    at_bob.get_by_label("Who joins sees the whole history").check()
    expect(at_alice.get_by_label("Who joins sees the whole history")).to_be_checked()

    post(charlie, room, "from me")
    post(alice, room, f"Thanks, @{charlie.name}")
    expect(at_alice.locator(".mention")).to_have_text(f"@{charlie.name}")
    at_alice.get_by_role("button", name=f"Change {charlie.name}").click()
    at_alice.get_by_role("button", name="Remove Charlie").click()
    expect(at_alice.get_by_role("button", name="Cancel")).to_be_focused()
    at_alice.get_by_role("dialog").get_by_role("button", name="Remove Charlie").click()
    expect(at_charlie.locator("#toasts")).to_contain_text("You are no longer in Mapping week.")
    expect(at_charlie.get_by_role("link", name="Mapping week")).to_have_count(0)
    expect(at_alice.locator("#thread-about")).to_contain_text("2 people")
    expect(at_alice.locator(".mention")).to_have_text(f"@{charlie.name}")
    at_alice.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(at_charlie.get_by_role("link", name="Mapping week")).to_be_visible()


def test_a_group_is_muted_left_ended_and_restored(site: Site, talk_of: Talk) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    room = group(alice, bob, charlie)
    at_alice, at_bob, at_charlie = talk_of(alice, room), talk_of(bob, room), talk_of(charlie, room)
    at_bob.get_by_label("Nothing: it is muted").check()
    expect(at_bob.get_by_role("link", name="Field week")).to_contain_text("muted")
    at_charlie.get_by_role("button", name="Leave the group").click()
    at_charlie.get_by_role("dialog").get_by_role("button", name="Leave the group").click()
    expect(at_charlie.get_by_role("heading", name="Choose a conversation")).to_be_visible()
    expect(at_alice.locator("#thread-about")).to_contain_text("2 people")

    at_alice.get_by_role("button", name="End for everyone").click()
    at_alice.get_by_role("dialog").get_by_role("button", name="End for everyone").click()
    expect(at_bob.locator("#toasts")).to_contain_text("Field week has ended for everyone.")
    expect(at_bob.get_by_role("link", name="Field week")).to_have_count(0)
    at_alice.reload()
    at_alice.locator("summary", has_text="Ended groups").click()
    at_alice.get_by_role("button", name="Restore Field week").click()
    expect(at_alice.get_by_role("heading", name="Field week", level=1)).to_be_visible()
    expect(at_bob.get_by_role("link", name="Field week")).to_be_visible()
