"""The example client, from an origin of its own against a real server, as its first comment says."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_two_people_talk import direct
from tests.conftest import PASSWORD, Person, Site, start_web

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(DOCS)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def open_site(flow_environment: dict[str, str], origin: str) -> Iterator[Site]:
    found, process = start_web({**flow_environment, "CORS_ALLOWED_ORIGINS": origin})
    yield found
    process.terminate()
    process.wait(20)


@pytest.fixture
def client(browser: Browser, origin: str, open_site: Site) -> Iterator[Callable[[Person], Page]]:
    context = browser.new_context()

    def sign_in(person: Person) -> Page:
        page = context.new_page()
        page.goto(f"{origin}/example-client.html")
        page.get_by_label("Workspace").fill(open_site.url)
        page.get_by_label("E-mail").fill(person.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#state")).to_have_text("Live")
        return page

    yield sign_in
    context.close()


def say(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send").click()


def test_it_is_short() -> None:
    assert len((DOCS / "example-client.html").read_text().splitlines()) < 100


def test_it_talks_and_follows_edits(open_site: Site, client: Callable[[Person], Page]) -> None:
    alice, bob = open_site.register("Alice"), open_site.register("Bob")
    messages = f"chat/conversations/{direct(alice, bob)}/messages/"
    page = client(alice)
    log = page.locator("#log li")
    first = bob.call("POST", messages, {"content": "hello from Bob"}).data["id"]
    expect(log).to_have_text(["Bob Tester: hello from Bob"])
    say(page, "hello back")
    expect(log.nth(1)).to_have_text("You: hello back")
    bob.call("PATCH", f"{messages}{first}/", {"content": "hello, Alice"})
    expect(log.nth(0)).to_have_text("Bob Tester: hello, Alice")
    bob.call("DELETE", f"{messages}{first}/")
    expect(log.nth(0)).to_have_text("(deleted)")
    direct(bob, open_site.register("Charlie"))
    direct(open_site.register("Dana"), alice)
    expect(page.locator("#rooms option")).to_have_count(2)


def test_what_was_missed_and_what_waited_come_in_order_and_once(
    open_site: Site, client: Callable[[Person], Page]
) -> None:
    alice, bob = open_site.register("Alice"), open_site.register("Bob")
    messages = f"chat/conversations/{direct(alice, bob)}/messages/"
    page = client(alice)
    first = bob.call("POST", messages, {"content": "one"}).data["id"]
    expect(page.locator("#log li")).to_have_count(1)
    page.context.set_offline(True)
    say(page, "from the field")
    bob.call("POST", messages, {"content": "two"})
    bob.call("PATCH", f"{messages}{first}/", {"content": "one, mended"})
    page.context.set_offline(False)
    expected = ["Bob Tester: one, mended", "Bob Tester: two", "You: from the field"]
    expect(page.locator("#log li")).to_have_text(expected, timeout=20_000)
    kept = bob.call("GET", messages).data["results"]
    assert [message["content"] for message in kept] == ["one, mended", "two", "from the field"]


def test_it_says_what_is_wrong(open_site: Site, client: Callable[[Person], Page]) -> None:
    alice, bob = open_site.register("Alice"), open_site.register("Bob")
    direct(alice, bob)
    page = client(alice)
    say(page, "x" * 8001)
    expect(page.locator("#state")).to_contain_text("too_long")
    expect(page.locator("#log li")).to_have_count(0)
