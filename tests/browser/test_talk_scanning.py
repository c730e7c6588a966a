"""Files that a virus scanner looks at: held back while it does, and shown on open pages as soon as it has spoken."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from lyceum.core.testing.clamd import EICAR, Clamd
from tests.browser.talk import direct, message, say
from tests.browser.test_talk_files import PDF, choose_files, is_shown, picture, tray
from tests.conftest import Site, start_web, start_worker

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]


@pytest.fixture(scope="module")
def scanner() -> Iterator[Clamd]:
    found = Clamd()
    yield found
    found.close()


@pytest.fixture(scope="module")
def site(flow_environment: dict[str, str], scanner: Clamd) -> Iterator[Site]:
    environment = {**flow_environment, "CLAMAV_URL": scanner.url}
    found, web = start_web(environment)
    worker = start_worker(environment)
    yield found
    for process in (web, worker):
        process.terminate()
        process.wait(30)


def test_a_file_opens_on_both_pages_when_the_scanner_has_spoken(site: Site, talk_of: Talk, scanner: Clamd) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    hers, his = talk_of(alice, room), talk_of(bob, room)
    scanner.may_speak.clear()
    virus = ("notes.txt", "text/plain", EICAR)
    choose_files(hers, ("core.png", "image/png", picture()), ("report.pdf", "application/pdf", PDF), virus)
    expect(tray(hers).filter(has_text="Ready")).to_have_count(3)
    say(hers, "three finds")
    for page in (hers, his):
        expect(message(page, "three finds").get_by_text("Being checked")).to_have_count(3)
        expect(message(page, "three finds").get_by_role("link")).to_have_count(0)
    scanner.may_speak.set()
    for page in (hers, his):
        found = message(page, "three finds")
        is_shown(found.get_by_role("img", name="core.png"))
        expect(found.get_by_role("link", name="report.pdf")).to_contain_text("PDF")
        expect(found).to_contain_text("notes.txtBlocked: the scanner found something harmful in it")
        expect(found).not_to_contain_text("Being checked")


def test_a_file_that_was_looked_at_before_it_was_sent_opens_at_once(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob))
    with page.expect_response("**/api/v1/chat/attachments/") as uploaded:
        choose_files(page, ("report.pdf", "application/pdf", PDF))
    address = f"{site.url}/api/v1/chat/attachments/{uploaded.value.json()['id']}/"
    while not page.request.get(address).ok:
        page.wait_for_timeout(50)
    say(page, "one find")
    expect(message(page, "one find").get_by_role("link", name="report.pdf")).to_contain_text("PDF")


def test_a_verdict_that_fell_while_the_connection_was_lost_shows_when_it_is_back(
    site: Site, talk_of: Talk, scanner: Clamd
) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    page = talk_of(alice, room)
    scanner.may_speak.clear()
    choose_files(page, ("report.pdf", "application/pdf", PDF))
    expect(tray(page)).to_contain_text("Ready")
    say(page, "one find")
    expect(message(page, "one find")).to_contain_text("Being checked")
    while bob.call("GET", f"chat/conversations/{room}/").data["last_message"] is None:
        page.wait_for_timeout(50)
    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_text("Offline")
    scanner.may_speak.set()
    while bob.call("GET", f"chat/conversations/{room}/").data["last_message"]["attachments"][0]["state"] == "pending":
        page.wait_for_timeout(50)
    page.context.set_offline(False)
    expect(message(page, "one find").get_by_role("link", name="report.pdf")).to_contain_text("PDF")
