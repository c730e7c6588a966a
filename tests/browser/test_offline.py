"""Talk without a network: the server process is really gone, and what was opened can be read and written in."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.browser.talk import PHONE, direct, group, is_live, message, post, say
from tests.conftest import PASSWORD, Person, start_web

pytestmark = pytest.mark.browser

READY = "navigator.serviceWorker.ready.then(({ active }) => active.state)"
# All that the stores and caches of this origin hold, as text.
HELD = """
async () => {
  const open = indexedDB.open("lyceum");
  const database = await new Promise((go) => (open.onsuccess = () => go(open.result)));
  const rows = [];
  for (const name of database.objectStoreNames) {
    const asked = database.transaction(name).objectStore(name).getAll();
    rows.push(...(await new Promise((go) => (asked.onsuccess = () => go(asked.result)))));
  }
  database.close();
  const pages = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const text = await (await cache.match(request)).text();
      if (!new URL(request.url).pathname.startsWith("/static/")) pages.push(`${request.url} ${text}`);
    }
  }
  return JSON.stringify({ rows, pages, local: { ...localStorage } });
}
"""


class Server:
    """A web process that a test kills, and starts again at the same address."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.site, self.process = start_web(environment)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        _, self.process = start_web(self.environment, port=self.site.port)


@pytest.fixture
def server(flow_environment: dict[str, str]) -> Iterator[Server]:
    found = Server(flow_environment)
    yield found
    found.kill()


@pytest.fixture
def open_talk(new_page: Callable[..., Page], server: Server) -> Callable[..., Page]:
    """Sign in over the API in a browser with its service worker, and wait until that has taken over."""

    def open_page(person: Person, room: str = "", page: Page | None = None, **options: Any) -> Page:
        page = page or new_page(service_workers="allow", **options)
        url = server.site.url
        token = page.request.get(f"{url}/api/v1/users/csrf/").json()["csrf_token"]
        body = {"email": person.email, "password": PASSWORD}
        assert page.request.post(f"{url}/api/v1/users/login/", data=body, headers={"X-CSRFToken": token}).ok
        page.goto(f"{url}/talk/{room}/" if room else f"{url}/talk/")
        is_live(page)
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        assert page.evaluate(READY) in ("activated", "activating")
        return page

    return open_page


def until(page: Page, holds: Callable[[str], bool]) -> None:
    """Wait until what the browser holds is as it should be; it stores a moment after it shows."""
    ends = time.monotonic() + 15
    while not holds(page.evaluate(HELD)):
        assert time.monotonic() < ends, "the browser did not store it"
        page.wait_for_timeout(50)


def kept(page: Page, text: str) -> None:
    # The list holds the last message of each conversation too.
    until(page, lambda held: sum(text in json.dumps(row) for row in json.loads(held)["rows"] if row) > 1)


def waiting(held: str) -> list[str]:
    rows = [row for row in json.loads(held)["rows"] if "client_id" in row and "state" in row]
    return [row["content"] for row in sorted(rows, key=lambda row: row["timestamp"])]


def texts(person: Person, room: str) -> list[str]:
    answer = person.call("GET", f"chat/conversations/{room}/messages/?limit=200")
    return [row["content"] for row in answer.data["results"]]


def test_without_the_server_the_last_fifty_can_be_read_and_three_go_out_once_in_order(
    server: Server, open_talk: Callable[..., Page]
) -> None:
    site = server.site
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    for number in range(60):
        post(bob, room, f"sample {number:02}")
    page = open_talk(alice, room, viewport=PHONE)
    expect(message(page, "sample 59")).to_be_visible()
    kept(page, "sample 59")
    server.kill()
    page.reload()

    expect(page.locator("#live")).to_have_text("Offline")
    expect(message(page, "sample 59")).to_be_visible()
    expect(page.locator("#messages article")).to_have_count(50)
    expect(page.locator("#strip")).to_contain_text("No connection.")
    assert page.locator("#messages").inner_text().count("sample 10") == 1
    for text in ("one", "two", "three"):
        say(page, text)
    expect(message(page, "three")).to_contain_text("Waits for the connection")
    expect(page.locator("#strip")).to_contain_text("3 messages wait")
    assert faults(page) == []

    # The tab is closed and another opened, still without the server.
    address = page.url
    again = page.context.new_page()
    page.close()
    again.goto(address)
    expect(message(again, "two")).to_contain_text("Waits for the connection")
    server.start()

    expect(again.locator("#live")).to_have_text("Live", timeout=40_000)
    expect(again.locator("#messages")).not_to_contain_text("Waits for the connection", timeout=20_000)
    expect(message(again, "sample 00")).to_have_count(0)
    assert texts(bob, room)[-4:] == ["sample 59", "one", "two", "three"]


def test_other_pages_say_that_there_is_no_connection(server: Server, open_talk: Callable[..., Page]) -> None:
    alice = server.site.register("Alice")
    for scheme in ("light", "dark"):
        page = open_talk(alice, viewport=PHONE, color_scheme=scheme)
        server.kill()
        page.goto(f"{server.site.url}/people/")
        expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
        assert faults(page) == []
        page.get_by_role("link", name="Go to Talk").click()
        expect(page.locator("#live")).to_have_text("Offline")
        server.start()


def test_signing_out_clears_everything(server: Server, open_talk: Callable[..., Page]) -> None:
    alice, bob = server.site.register("Alice"), server.site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "the granite canary")
    page = open_talk(alice, room)
    kept(page, "the granite canary")
    page.locator("#message").fill("half a thought canary")
    page.locator("#account-open").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/**")

    held = page.evaluate(HELD)
    assert "canary" not in held
    assert "Alice" not in held
    assert alice.id not in held
    server.kill()
    page.goto(f"{server.site.url}/talk/")
    expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()


def test_another_person_finds_nothing_of_the_first(server: Server, open_talk: Callable[..., Page]) -> None:
    alice, bob, charlie = (server.site.register(name) for name in ("Alice", "Bob", "Charlie"))
    room = direct(alice, bob)
    post(bob, room, "the granite canary")
    page = open_talk(alice, room)
    kept(page, "the granite canary")
    # Without a sign-out: the browser's session is another's now.
    page.context.clear_cookies()
    open_talk(charlie, page=page)
    until(page, lambda held: alice.id not in held)
    assert "canary" not in page.evaluate(HELD)
    server.kill()
    page.reload()
    expect(page.locator("#live")).to_have_text("Offline")
    assert "Bob" not in page.locator("body").inner_text()


def test_a_sign_in_that_is_ended_elsewhere_takes_what_was_kept_with_it(
    server: Server, open_talk: Callable[..., Page]
) -> None:
    alice, bob = server.site.register("Alice"), server.site.register("Bob")
    room = direct(alice, bob)
    post(bob, room, "the granite canary")
    page = open_talk(alice, room)
    kept(page, "the granite canary")
    assert alice.call("DELETE", "users/sessions/?others=true").status == 204
    page.wait_for_url("**/sign-in/**")
    assert "canary" not in page.evaluate(HELD)


def test_what_vanishes_is_not_kept(server: Server, open_talk: Callable[..., Page]) -> None:
    alice, bob = server.site.register("Alice"), server.site.register("Bob")
    stays, goes = direct(alice, bob), group(alice, bob, name="Now", retention="ephemeral")
    post(bob, goes, "the vanishing canary")
    page = open_talk(alice, goes)
    expect(message(page, "the vanishing canary")).to_be_visible()
    post(bob, stays, "this one stays")
    page.get_by_role("link", name="Bob Tester").click()
    kept(page, "this one stays")
    assert "vanishing canary" not in page.evaluate(HELD)


def test_the_shell_is_of_nobody(server: Server, open_talk: Callable[..., Page]) -> None:
    alice = server.site.register("Alice")
    page = open_talk(alice)
    for path in ("/offline/", "/offline/talk/"):
        text = page.request.get(f"{server.site.url}{path}").text()
        assert "Alice" not in text
        assert alice.id not in text
        assert "csrfmiddlewaretoken" not in text


def test_a_new_version_takes_over_and_the_old_one_goes(server: Server, open_talk: Callable[..., Page]) -> None:
    alice = server.site.register("Alice")
    page = open_talk(alice)
    before = page.evaluate("caches.keys()")
    server.kill()
    server.environment = {**server.environment, "EPHEMERAL_HOURS": "25"}  # which the shell shows
    server.start()
    page.evaluate("navigator.serviceWorker.ready.then((registration) => registration.update())")
    ends = time.monotonic() + 15
    while (now := page.evaluate("caches.keys()")) == before or len(now) != 1:
        assert time.monotonic() < ends, now
        page.wait_for_timeout(50)
    expect(page.locator("#live")).to_have_text("Live", timeout=20_000)
    server.kill()
    page.reload()
    expect(page.locator("#live")).to_have_text("Offline")


def test_what_waits_is_sent_by_the_worker_when_no_page_is_open(server: Server, open_talk: Callable[..., Page]) -> None:
    alice, bob = server.site.register("Alice"), server.site.register("Bob")
    room = direct(alice, bob)
    page = open_talk(alice, room)
    devtools = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    server.kill()
    for text in ("one", "two"):
        say(page, text)
    expect(message(page, "two")).to_contain_text("Waits for the connection")
    until(page, lambda held: waiting(held) == ["one", "two"])
    page.goto(f"{server.site.url}/people/")
    server.start()
    sync = {"origin": server.site.url, "registrationId": registrations[0]["registrationId"]}
    devtools.send("ServiceWorker.dispatchSyncEvent", {**sync, "tag": "lyceum-outbox", "lastChance": False})
    until(page, lambda held: waiting(held) == [])
    assert texts(bob, room) == ["one", "two"]


def test_the_app_can_be_installed(server: Server, open_talk: Callable[..., Page]) -> None:
    page = open_talk(server.site.register("Alice"))
    devtools = page.context.new_cdp_session(page)
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["manifest"]["startUrl"].endswith("/talk/")
    refused = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A test's browser keeps nothing, and so installs nothing; there is no other reason.
    assert [reason["errorId"] for reason in refused] == ["in-incognito"]
