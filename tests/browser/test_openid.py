"""Signing in through a real OpenID provider, as a person does: by the button, its pages, and back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import PASSWORD, free_port, start_web

pytestmark = pytest.mark.browser
PROVIDER = Path(__file__).parents[1] / "oidc"
PHONE = {"width": 390, "height": 844}
New = Callable[..., Page]


def node() -> list[str]:
    """Return the command that runs Node with the provider's packages, or skip where they cannot be had."""
    frontend: Any = _script("frontend")
    npm = frontend.npm()
    install = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    if subprocess.run(install, cwd=PROVIDER).returncode:
        pytest.skip("npm could not fetch oidc-provider: its registry is out of reach")
    return [npm[0] if len(npm) > 1 else str(shutil.which("node"))]


def _script(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).parents[2] / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class There:
    """The provider, and a workspace that signs people in with it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.command, self.port, here = node(), free_port(), free_port()
        issuer = f"http://127.0.0.1:{self.port}"
        self.site, self.web = start_web(
            {
                **environment,
                "PUBLIC_URL": f"http://127.0.0.1:{here}",
                "OIDC_ISSUER": issuer,
                "OIDC_CLIENT_ID": "lyceum",
                "OIDC_CLIENT_SECRET": "secret-of-the-workspace",
                "OIDC_NAME": "Field ID",
                "OUTBOUND_ALLOWED_HOSTS": f"127.0.0.1:{self.port}",
            },
            port=here,
        )
        self.start()

    def start(self) -> None:
        command = [*self.command, "provider.mjs", str(self.port), f"{self.site.url}/sign-in/openid/back/"]
        self.process = subprocess.Popen(command, cwd=PROVIDER, stdout=subprocess.PIPE, stderr=sys.stderr)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def end(self) -> None:
        self.stop()
        self.web.terminate()
        self.web.wait(20)


@pytest.fixture(scope="module")
def there(flow_environment: dict[str, str]) -> Iterator[There]:
    found = There(flow_environment)
    yield found
    found.end()


def somebody(prefix: str = "zoe") -> str:
    return f"{prefix}{os.urandom(4).hex()}"


def enter_there(page: Page, name: str) -> None:
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()


def sign_in_there(page: Page, name: str) -> None:
    enter_there(page, name)
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize("with_scripts", [True, False])
def test_a_person_signs_in_with_the_provider_and_again(there: There, new_page: New, with_scripts: bool) -> None:
    page, name = new_page(java_script_enabled=with_scripts, viewport=PHONE), somebody()
    page.goto(f"{there.site.url}/people/")
    page.get_by_role("link", name="Sign in with Field ID").click()
    sign_in_there(page, name)
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    page.goto(f"{there.site.url}/sessions/")
    expect(page.locator("#sign-ins")).to_contain_text("through Field ID")
    page.goto(f"{there.site.url}/connections/")
    expect(page.get_by_role("main")).to_contain_text(f"{name}@example.org")

    page.context.clear_cookies(domain="127.0.0.1", name="sessionid")
    page.goto(f"{there.site.url}/sign-in/?next=/profile/")
    page.get_by_role("link", name="Sign in with Field ID").click()
    # The provider knows the browser: nothing is asked there.
    expect(page.get_by_label("First name")).to_have_value("Zoë")


def test_a_person_links_the_provider_to_an_account(there: There, page_at: New, new_page: New) -> None:
    alice, name = there.site.register("Alice"), somebody()
    page = page_at(alice.email, "/connections/")
    assert faults(page) == []
    page.get_by_role("link", name="Link Field ID").click()
    sign_in_there(page, name)
    expect(page.locator("#toasts")).to_contain_text("You can sign in with Field ID from now on.")

    other = new_page()
    other.goto(f"{there.site.url}/sign-in/?next=/profile/")
    other.get_by_role("link", name="Sign in with Field ID").click()
    sign_in_there(other, name)
    expect(other.get_by_label("First name")).to_have_value("Alice")

    page.get_by_role("button", name="Cut the link").click()
    page.get_by_role("dialog").get_by_role("button", name="Cut the link").click()
    expect(page.locator("#toasts")).to_contain_text("The link is cut.")
    expect(page.get_by_role("link", name="Link Field ID")).to_be_visible()


@pytest.fixture
def page_at(there: There, new_page: New) -> New:
    def open_page(email: str, path: str) -> Page:
        page = new_page()
        page.goto(f"{there.site.url}/sign-in/?next={path}")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    return open_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_stands_in_the_way_is_a_page_that_leads_on(there: There, new_page: New, scheme: str) -> None:
    page = new_page(color_scheme=scheme, viewport=PHONE)
    page.goto(f"{there.site.url}/sign-in/")
    assert faults(page) == []
    page.get_by_role("link", name="Sign in with Field ID").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="You were not signed in there.")).to_be_visible()

    page.get_by_role("link", name="Try again with Field ID").click()
    sign_in_there(page, somebody("new"))
    expect(page.get_by_role("heading", name="The provider has not confirmed your e-mail address.")).to_be_visible()
    assert faults(page) == []
    page.reload()
    expect(page.get_by_role("heading", name="This sign-in cannot be trusted.")).to_be_visible()
    page.get_by_role("link", name="Sign in with a password").click()
    expect(page.get_by_label("E-mail")).to_be_visible()


def test_while_the_provider_is_down_a_page_says_so(there: There, new_page: New) -> None:
    page = new_page()
    page.goto(f"{there.site.url}/sign-in/openid/")
    sign_in_there(page, somebody())
    page.wait_for_url(f"{there.site.url}/talk/**")
    page.context.clear_cookies(name="sessionid")
    # It knows the browser now, and leads straight back.
    away = page.request.get(f"{there.site.url}/sign-in/openid/", max_redirects=0).headers["location"]
    back = page.request.get(away, max_redirects=0).headers["location"]
    there.stop()
    try:
        answer = page.goto(back)
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("heading", name="The sign-in provider does not answer")).to_be_visible()
        expect(page.get_by_role("link", name="Sign in with a password")).to_be_visible()
    finally:
        there.start()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_has_no_password_shows_there_again_who_they_are_to_delete_the_account(
    there: There, new_page: New, scheme: str
) -> None:
    page, name = new_page(viewport=PHONE, color_scheme=scheme, bypass_csp=True), somebody()
    page.goto(f"{there.site.url}/sign-in/?next=/your-data/")
    page.get_by_role("link", name="Sign in with Field ID").click()
    sign_in_there(page, name)
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()
    with psycopg.connect(there.site.environment["DATABASE_URL"], autocommit=True) as line:
        old = "update accounts_session s set created_at = s.created_at - interval '1 hour' from accounts_user u"
        line.execute(f"{old} where s.user_id = u.id and u.email = %s", [f"{name}@example.org"])
    page.goto(f"{there.site.url}/your-data/erase/")
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"{name}@example.org")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Sign in with Field ID again").click()
    # The provider knows the browser, and asks all the same.
    enter_there(page, name)
    page.get_by_role("button", name="Delete my account").click()
    page.wait_for_url("**/sign-in/")
    expect(page.locator("#toasts")).to_contain_text("Your account is closed.")
