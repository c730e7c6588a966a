"""The one search box: what is found while somebody types, by keyboard, on a phone, and without scripts."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, faults
from tests.browser.talk import direct, message, post
from tests.conftest import Person, Site

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("indexer")]
Pages = Callable[..., Page]
WORD = "komatiite"


@pytest.fixture
def people(site: Site) -> tuple[Person, Person, str]:
    """Alice and Bob, who talked of many things and once of a rock, far above what the page shows at first."""
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, f"The {WORD} lies below the basalt.")
    for number in range(60):
        post(bob, room, f"line {number}")
    return alice, bob, room


def until_found(alice: Person) -> None:
    """Wait for the index; it follows within a second, or later on a busy machine."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        answer = alice.call("GET", f"search/messages/?q={WORD}")
        if answer.status == 200 and answer.data["count"]:
            return
        time.sleep(0.2)
    raise AssertionError("the message is not found")


def test_a_message_is_found_by_keyboard_from_any_page_and_opens_at_its_place(
    people: tuple[Person, Person, str], page_of: Pages
) -> None:
    alice, _bob, room = people
    until_found(alice)
    page = page_of(alice, "/people/")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search everything")
    expect(box).to_be_focused()
    page.keyboard.type("komat")
    option = page.get_by_role("option", name=WORD)
    expect(option).to_be_visible()
    expect(option.locator("mark")).to_have_text(WORD)
    expect(box).to_have_attribute("aria-expanded", "true")
    assert faults(page) == []

    page.keyboard.press("Escape")
    expect(option).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/talk/{room}/?at=1")
    expect(message(page, WORD)).to_be_in_viewport()


def test_ctrl_k_goes_to_the_box_and_enter_to_the_page_of_everything(
    people: tuple[Person, Person, str], page_of: Pages
) -> None:
    alice, bob, _room = people
    until_found(alice)
    page = page_of(alice, "/people/")
    page.get_by_label("Find people by name").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search/?q={WORD}")
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    # There is never a second box.
    expect(page.get_by_role("searchbox")).to_have_count(1)
    assert faults(page) == []

    page.get_by_label("Search everything").fill(bob.name)
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/search/\?q=Bob"))
    page.get_by_label("Search everything").fill("zzqqxx")
    expect(page.get_by_role("heading", name="Nothing is found")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_an_icon_leads_to_the_page_which_fits(
    people: tuple[Person, Person, str], page_of: Pages, scheme: str
) -> None:
    alice, _bob, _room = people
    until_found(alice)
    page = page_of(alice, "/people/", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.get_by_role("link", name="Search everything").click()
    box = page.get_by_label("Search everything")
    expect(box).to_be_focused()
    page.keyboard.type(WORD)
    expect(page.get_by_role("link", name=WORD)).to_be_visible()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_the_form_leads_to_what_is_found(
    people: tuple[Person, Person, str], site: Site, new_page: Pages
) -> None:
    alice, _bob, room = people
    until_found(alice)
    page = new_page(java_script_enabled=False)
    page.goto(f"{site.url}/sign-in/?next=/people/")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Search everything").fill(WORD)
    page.keyboard.press("Enter")
    link: Any = page.get_by_role("link", name=WORD)
    expect(link).to_have_attribute("href", f"/talk/{room}/?at=1")
