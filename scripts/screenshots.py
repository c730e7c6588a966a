"""Write the pictures of `docs/images/`: the demo workspace in a real browser, on servers that are gone afterwards.

Run by `make screenshots`. The demo's hour, the browsers' clock, language and zone are fixed, so that a picture changes
when a page does.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from bench.stage import lyceum  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 300_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", "--font-render-hinting=none"]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def school_time() -> datetime:
    """Return the last time that it was 13:40 at the school (05:40 UTC)."""
    now = datetime.now(UTC)
    today = now.replace(hour=5, minute=40, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def load_demo(now: datetime) -> None:
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "migrate"], check=True)
    import django

    django.setup()
    from lyceum.config import demo

    demo.load(now)
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "search", "rebuild"], check=True)


@contextmanager
def page_of(browser: Browser, now: datetime, **options: Any) -> Iterator[Page]:
    fixed = {"locale": "en-GB", "timezone_id": "Australia/Perth", "reduced_motion": "reduce", "device_scale_factor": 2}
    context = browser.new_context(**{**fixed, **options})
    page = context.new_page()
    page.clock.set_fixed_time(now)
    yield page
    context.close()


def sign_in(page: Page, site: str, name: str) -> None:
    page.goto(f"{site}/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@goldfields.example")
    page.get_by_label("Password", exact=True).fill("Kambalda-dome-82")
    page.keyboard.press("Enter")
    page.wait_for_url("**/talk/**")


def open_week(page: Page) -> None:
    page.get_by_role("link", name="Kambalda mapping week").first.click()
    expect(page.get_by_text("Inking!").last).to_be_visible()


def keep(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.evaluate("document.activeElement?.blur()")
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot()))
    path = IMAGES / f"{name}.webp"
    picture.convert("RGB").save(path, "WEBP", quality=82, method=6)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        raise SystemExit(f"{path.name} is larger than {MAX_BYTES / 1000:.0f} kB.")


def take(browser: Browser, site: str, now: datetime, thread: str) -> None:
    with page_of(browser, now, viewport=WIDE, color_scheme="light") as page:
        page.goto(f"{site}/sign-in/")
        keep(page, "sign-in")
    with (
        page_of(browser, now, viewport=WIDE, color_scheme="light") as mei,
        page_of(browser, now, viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True) as ruth,
    ):
        sign_in(mei, site, "mei")
        sign_in(ruth, site, "ruth")
        open_week(ruth)
        keep(ruth, "talk-phone-dark")
        open_week(mei)
        ruth.get_by_role("textbox", name="Message").press_sequentially("Five minutes")
        expect(mei.get_by_text("Ruth is writing").last).to_be_visible()
        keep(mei, "talk")
    with page_of(browser, now, viewport=WIDE, color_scheme="dark") as page:
        sign_in(page, site, "mei")
        page.goto(f"{site}{thread}")
        page.get_by_role("button", name=re.compile(r"\d\d replies")).click()
        expect(page.locator("#thread-messages article").nth(30)).to_be_attached()
        page.locator("#thread-scroll").evaluate("pane => pane.scrollTop = 0")
        keep(page, "thread-dark")
    with page_of(browser, now, viewport=WIDE, color_scheme="light") as page:
        page.goto(f"{site}/api/docs/")
        expect(page.locator(".opblock").first).to_be_visible()
        keep(page, "api-docs")


def take_library(browser: Browser, site: str, now: datetime) -> None:
    with page_of(browser, now, viewport=WIDE, color_scheme="light") as page:
        sign_in(page, site, "mei")
        page.goto(f"{site}/library/")
        page.get_by_label("Search the catalogue").fill("mapping")
        expect(page.locator("#found-words")).to_contain_text("“mapping”")
        page.get_by_role("radio", name=re.compile("Earth science")).check()
        expect(page.locator(".chip-on")).to_be_visible()
        keep(page, "library")
    with page_of(browser, now, viewport=WIDE, color_scheme="dark") as page:
        sign_in(page, site, "mei")
        open_book(page, site, "Komatiite")
        keep(page, "book-dark")
    with page_of(browser, now, viewport=PHONE, color_scheme="light", is_mobile=True, has_touch=True) as page:
        sign_in(page, site, "mei")
        page.goto(f"{site}/library/?q=ore+deposits")
        keep(page, "library-phone")


def open_book(page: Page, site: str, title: str) -> None:
    page.goto(f"{site}/library/?q={title}")
    page.get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def place_of(text: str) -> str:
    """Return the address that opens the conversation at the message with this text."""
    from lyceum.messaging.models import Message

    found = Message.objects.get(content__contains=text)
    return f"/talk/{found.conversation_id}/?at={found.sequence}"


def main() -> None:
    now = school_time()
    # An index of its own, beside the database that is thrown away.
    index = tempfile.TemporaryDirectory(prefix="lyceum-index-")
    os.environ["SEARCH_DIR"] = index.name
    load_demo(now)
    thread = place_of("Question of the day")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with lyceum({**os.environ, "LIMITS_ENABLED": "false"}) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        take(browser, f"http://127.0.0.1:{server.port}", now, thread)
        take_library(browser, f"http://127.0.0.1:{server.port}", now)
        browser.close()
    index.cleanup()


if __name__ == "__main__":
    main()
