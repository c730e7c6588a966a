"""Django's admin in a real browser: under our policy, in our colours, and by keyboard."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import PASSWORD, Person, Site

pytestmark = pytest.mark.browser
New = Callable[..., Page]
# What the stock templates bring themselves, and no style of ours can mend.
STOCK = ("landmark-", "region", "heading-order", "empty-table-header", "label-title-only")


@pytest.fixture(scope="module")
def staff(site: Site) -> Person:
    email = f"priya.{os.urandom(4).hex()}@example.org"
    command = [sys.executable, "-m", "lyceum.runtime.cli", "createadmin", email, "--first-name", "Priya"]
    subprocess.run([*command, "--password-stdin"], input=PASSWORD.encode(), env=site.environment, check=True)
    return Person(site, "", email, "Priya Account", "")


PATHS = [
    "/admin/",
    "/admin/accounts/",
    "/admin/accounts/user/",
    "/admin/accounts/user/?q=tester&is_staff__exact=0",
    "/admin/accounts/session/",
    "/admin/accounts/tokenfamily/",
    "/admin/auth/group/add/",
    "/admin/messaging/conversation/",
    "/admin/core/auditentry/",
    "/admin/procrastinate/procrastinatejob/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_the_policy_and_can_be_read(site: Site, staff: Person, page_of: New, scheme: str) -> None:
    alice = site.register("Alice")
    page = page_of(staff, "/admin/", color_scheme=scheme)
    problems: list[str] = []
    page.on("console", lambda line: problems.append(f"{page.url} {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(f"{page.url} {error}"))
    for path in (*PATHS, f"/admin/accounts/user/{alice.id}/change/", f"/admin/accounts/user/{alice.id}/history/"):
        answer = page.goto(f"{site.url}{path}")
        assert answer is not None and answer.status == 200, path
    assert problems == []
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Source Sans 3"')


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_names_hold_in_both_themes(site: Site, staff: Person, page_of: New, scheme: str) -> None:
    alice = site.register("Alice")
    page = page_of(staff, "/admin/", color_scheme=scheme, bypass_csp=True)
    found: dict[str, list[str]] = {}
    for path in ("/admin/", "/admin/accounts/user/", f"/admin/accounts/user/{alice.id}/change/"):
        page.goto(f"{site.url}{path}")
        found[path] = [fault for fault in faults(page) if not fault.startswith(STOCK)]
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_staff_find_and_change_somebody_and_see_the_history(site: Site, staff: Person, page_of: New) -> None:
    word = "".join(chr(ord("a") + byte % 26) for byte in os.urandom(6)).capitalize()
    site.register(word)
    page = page_of(staff, "/admin/accounts/user/")
    page.locator("#searchbar").fill(word.lower())
    page.locator("#searchbar").press("Enter")
    page.get_by_role("link", name=f"{word} Tester").click()
    page.get_by_label("Last name").fill("Changed")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
    page.get_by_role("link", name=f"{word} Changed").first.click()
    page.get_by_role("link", name="History").click()
    expect(page.locator("#change-history")).to_contain_text("Changed Last name")


def test_the_menu_leads_staff_there_and_a_chosen_theme_holds(site: Site, staff: Person, page_of: New) -> None:
    page = page_of(staff, "/people/", color_scheme="light")
    page.locator("#account-open").click()
    page.locator("#account-menu").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{site.url}/people/")
    page.locator("#account-open").click()
    page.get_by_role("link", name="Behind the scenes").click()
    page.wait_for_url("**/admin/")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/sign-in/")


def test_members_find_nothing_there(site: Site, page_of: New) -> None:
    page = page_of(site.register("Bob"), "/people/")
    expect(page.get_by_role("link", name="Behind the scenes")).to_have_count(0)
    answer = page.goto(f"{site.url}/admin/")
    assert answer is not None and answer.status == 404
