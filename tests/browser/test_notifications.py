"""Notifications as people turn them on: a real service worker shows what a push service that is a real server got."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.core.testing.push import Browser as PushBrowser
from tests.browser.conftest import faults
from tests.browser.talk import direct, group, post
from tests.conftest import PASSWORD, Person, Site, make_database, start_web

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
New = Callable[..., Page]


@pytest.fixture(scope="module")
def push_service() -> Iterator[Outside]:
    with serving(Reply(201)) as outside:
        yield outside


@pytest.fixture(scope="module")
def site(push_service: Outside, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A web process and a worker that may call the push service of this module."""
    environment = {**make_database(f"notify_{worker_id}"), "OUTBOUND_ALLOWED_HOSTS": push_service.host}
    found, web = start_web(environment)
    folder = tmp_path_factory.mktemp("worker")
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "tests.live", "worker", str(folder)]
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    yield found
    for process in (worker, web):
        process.terminate()
        process.wait(20)


def with_push(page: Page, phone: PushBrowser) -> None:
    """Give the page a push service: the browser's own is on the internet."""
    page.context.grant_permissions(["notifications"])
    made = json.dumps(phone.subscription)
    page.context.add_init_script(f"""
      const made = {made};
      const mine = {{ toJSON: () => made, unsubscribe: async () => {{ localStorage.removeItem("pushed"); }} }};
      PushManager.prototype.getSubscription = async () => (localStorage.getItem("pushed") ? mine : null);
      PushManager.prototype.subscribe = async ({{ applicationServerKey }}) => {{
        localStorage.setItem("pushed", String(applicationServerKey.length));
        return mine;
      }};
    """)


def wait_for(phone: PushBrowser, number: int) -> list[dict[str, Any]]:
    ends = time.monotonic() + 30
    while len(phone.asked()) < number:
        assert time.monotonic() < ends, f"{len(phone.asked())} of {number} arrived"
        time.sleep(0.05)
    return phone.shown()


def deliver(page: Page, site: Site, payload: dict[str, Any]) -> None:
    """Let the browser hand a message to the service worker, as it does with one of its push service."""
    session = page.context.new_cdp_session(page)
    found: list[str] = []

    def note(event: dict[str, Any]) -> None:
        found.extend(one["registrationId"] for one in event["registrations"] if not one["isDeleted"])

    session.on("ServiceWorker.workerRegistrationUpdated", note)
    session.send("ServiceWorker.enable")
    ends = time.monotonic() + 10
    while not found:
        assert time.monotonic() < ends
        page.wait_for_timeout(20)
    message = {"origin": site.url, "registrationId": found[-1], "data": json.dumps(payload)}
    session.send("ServiceWorker.deliverPushMessage", message)
    session.detach()


SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  const found = await registration.getNotifications();
  return found.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
}"""


def shows(page: Page, expected: list[dict[str, str]]) -> bool:
    """Wait until the browser shows exactly these notifications."""
    for _ in range(200):
        if page.evaluate(SHOWN) == expected:
            return True
        page.wait_for_timeout(50)
    return False


def test_a_device_is_turned_on_told_and_turned_off(site: Site, page_of: New, push_service: Outside) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    phone = PushBrowser(push_service)
    page = page_of(alice, "/people/", service_workers="allow")
    with_push(page, phone)
    page.goto(f"{site.url}/notifications/")
    page.get_by_role("button", name="Turn on notifications on this device").click()
    expect(page.get_by_role("button", name="Turn them off on this device")).to_be_focused()
    expect(page.locator("#devices li")).to_have_count(1)
    page.get_by_role("button", name="Send a test to Chrome on Linux").click()
    expect(page.locator("#toasts")).to_contain_text("A test is on its way.")
    assert wait_for(phone, 1)[0]["body"] == "Notifications reach this device."

    room = direct(alice, bob)
    post(bob, room, "the core is in")
    told = wait_for(phone, 2)[1]
    deliver(page, site, told)
    shown = {"title": "Bob Tester", "body": "the core is in", "tag": room, "url": f"/talk/{room}/"}
    assert shows(page, [shown])
    deliver(page, site, {**told, "body": "and it is nickel"})
    assert shows(page, [{**shown, "body": "and it is nickel"}])

    page.locator("#account-open").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")
    assert alice.call("GET", "notifications/push/devices/").data == {"results": []}
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_response("**/push/devices/"):
        page.keyboard.press("Enter")
    page.goto(f"{site.url}/notifications/")
    expect(page.locator("#devices li")).to_have_count(1)

    page.get_by_role("button", name="Turn them off on this device").click()
    expect(page.get_by_role("button", name="Turn on notifications on this device")).to_be_focused()
    expect(page.locator("#devices li")).to_have_count(0)
    assert alice.call("GET", "notifications/push/devices/").data == {"results": []}


def test_a_browser_that_does_not_allow_it_is_told_what_to_do(site: Site, page_of: New) -> None:
    page = page_of(site.register("Alice"), "/people/")
    page.context.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    page.goto(f"{site.url}/notifications/")
    expect(page.get_by_text("This browser does not let Lyceum notify you.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on notifications on this device")).to_be_hidden()


def add_device(person: Person, push_service: Outside) -> None:
    body = PushBrowser(push_service, person.id).subscription
    assert person.call("POST", "notifications/push/devices/", body).status == 201


def test_without_javascript_choices_are_kept_and_devices_removed(
    site: Site, page_of: New, push_service: Outside
) -> None:
    alice = site.register("Alice")
    add_device(alice, push_service)
    page = page_of(alice, "/notifications/", java_script_enabled=False)
    page.get_by_label("Show what was written").uncheck()
    page.get_by_role("button", name="Save what is shown").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status").filter(has_text="Nothing more is shown there.")).to_be_visible()
    expect(page.locator("#devices li")).to_have_count(0)
    assert alice.call("GET", "notifications/preferences/").data["show_text"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits_a_phone(
    site: Site, page_of: New, push_service: Outside, scheme: str, tmp_path: Path
) -> None:
    alice = site.register("Alice")
    add_device(alice, push_service)
    page = page_of(alice, "/notifications/", viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    page.screenshot(path=tmp_path / "notifications.png", full_page=True)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def make_staff(site: Site, person: Person) -> None:
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("update accounts_user set is_staff = true where id = %s", [person.id])


def test_staff_make_a_webhook_try_it_and_send_what_failed_again(
    site: Site, page_of: New, push_service: Outside
) -> None:
    priya = site.register("Priya")
    make_staff(site, priya)
    page = page_of(priya, "/notifications/webhooks/")
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.locator(".error-summary")).to_contain_text("Choose at least one event.")
    page.get_by_label("Address").fill(f"{push_service.url}/hook")
    page.get_by_label("What it is for").fill("Reports")
    page.get_by_label("user.registered").check()
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_role("textbox", name="Secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_text("There is none.")).to_be_visible()

    push_service.replies += [Reply(410)]
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#toasts")).to_contain_text("A test is on its way.")
    expect(page.locator("#webhook-page li").filter(has_text="webhook.test")).to_have_count(1)
    _reload_until(page, "It is switched off.")
    expect(page.locator("#webhook-page li").filter(has_text="webhook.test")).to_contain_text("answered 410")
    page.get_by_label("Switched on").check()
    page.get_by_role("button", name="Save the webhook").click()
    expect(page.locator("#toasts")).to_contain_text("The webhook is saved.")
    _reload_until(page, "answered 201")
    page.get_by_role("button", name=re.compile("^Send again: webhook.test")).click()
    expect(page.locator("#toasts")).to_contain_text("It is sent once more")
    page.get_by_role("button", name="Delete the webhook").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the webhook").click()
    page.wait_for_url("**/notifications/webhooks/")
    expect(page.get_by_text("There is none yet.")).to_be_visible()


def test_staff_let_a_webhook_have_the_texts_of_some_of_their_groups(
    site: Site, page_of: New, push_service: Outside
) -> None:
    priya, bob = site.register("Priya"), site.register("Bob")
    make_staff(site, priya)
    rooms = {name: group(priya, bob, name=name) for name in ("Maps", "Rocks & soils", "Field week")}
    theirs = group(bob, priya, name="Bob's own")
    body = {"url": f"{push_service.url}/texts", "events": ["message.created"]}
    at = f"notifications/webhooks/{priya.call('POST', 'notifications/webhooks/', body).data['id']}/"

    def attached() -> set[str]:
        return set(priya.call("GET", at).data["conversations"])

    page = page_of(priya, f"/{at}")
    groups = page.get_by_role("group", name="Your groups whose texts it has")
    expect(groups.get_by_role("checkbox")).to_have_count(3)
    expect(groups.get_by_label("Bob's own")).to_have_count(0)
    groups.get_by_label("Maps").check()
    groups.get_by_label("Rocks & soils").check()
    page.get_by_role("button", name="Save the groups").click()
    expect(page.locator("#toasts")).to_contain_text("The groups are saved.")
    expect(page.get_by_text("It has the texts of 2 groups.")).to_be_visible()
    assert attached() == {rooms["Maps"], rooms["Rocks & soils"]}

    hook = at.split("/")[2]
    assert bob.call("PUT", f"chat/conversations/{theirs}/webhooks/{hook}/").status == 204
    page.reload()
    expect(groups.get_by_label("Maps")).to_be_checked()
    groups.get_by_label("Maps").uncheck()
    page.get_by_role("button", name="Save the groups").click()
    expect(page.get_by_label("Maps")).not_to_be_checked()
    expect(page.locator("#toasts")).to_contain_text("The groups are saved.")
    assert attached() == {rooms["Rocks & soils"], theirs}, "what others said stays"
    assert priya.call("DELETE", at).status == 204


def _reload_until(page: Page, words: str) -> None:
    ends = time.monotonic() + 30
    while page.locator("#webhook-page").get_by_text(words).count() == 0:
        assert time.monotonic() < ends, words
        page.wait_for_timeout(300)
        page.reload()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_webhooks_are_accessible_and_fit_a_phone(
    site: Site, page_of: New, push_service: Outside, scheme: str, tmp_path: Path
) -> None:
    priya = site.register("Priya")
    make_staff(site, priya)
    body = {"url": f"{push_service.url}/a/very/long/address/that/does/not/fit", "events": ["message.created"]}
    made = priya.call("POST", "notifications/webhooks/", body).data
    priya.call("POST", f"notifications/webhooks/{made['id']}/test/")
    for name in ("Maps", "A group with a long name that goes on and on, as people name them who mean it well"):
        group(priya, site.register("Bob"), name=name)
    page = page_of(priya, "/notifications/webhooks/", viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    for path in ("/notifications/webhooks/", f"/notifications/webhooks/{made['id']}/"):
        page.goto(f"{site.url}{path}")
        page.screenshot(path=tmp_path / f"{len(path)}.png", full_page=True)
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert priya.call("DELETE", f"notifications/webhooks/{made['id']}/").status == 204


BADGE = """
  navigator.setAppBadge = async (count) => { window.badge = count; };
  navigator.clearAppBadge = async () => { window.badge = 0; };
"""


def test_every_page_counts_what_is_unread_live(site: Site, page_of: New) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room, quiet = direct(alice, bob), group(alice, bob, name="Quiet")
    alice.call("PATCH", f"chat/conversations/{quiet}/", {"notifications": "none"})
    page = page_of(alice, "/people/")
    page.context.add_init_script(BADGE)
    page.goto(f"{site.url}/people/")
    page.wait_for_function("() => window.badge === 0")
    sent = post(bob, room, "one")
    expect(page.locator(".bar-nav [data-go=t] .count")).to_have_text(", 1 unread")
    expect(page).to_have_title("(1) People · Lyceum")
    assert page.evaluate("window.badge") == 1
    post(bob, quiet, "not for the count")
    post(bob, room, "two")
    expect(page).to_have_title("(2) People · Lyceum")

    alice.call("POST", f"chat/conversations/{room}/read/", {"sequence": int(sent["sequence"]) + 1})
    expect(page).to_have_title("People · Lyceum")
    expect(page.locator(".bar-nav [data-go=t] .count")).to_have_count(0)
    assert page.evaluate("window.badge") == 0

    page.goto(f"{site.url}/talk/")
    expect(page.locator("#live")).to_have_text("Live")
    post(bob, room, "three")
    expect(page).to_have_title("(1) Talk · Lyceum")
    page.wait_for_function("() => window.badge === 1")
