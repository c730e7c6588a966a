"""The library as readers and librarians use it: as one types, by keyboard, on a phone, with and without JavaScript."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import PASSWORD, Person, Site

pytestmark = pytest.mark.browser
New = Callable[..., Page]
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def librarian(site: Site) -> Person:
    return site.register("Jodie").become_staff()


@pytest.fixture(scope="module")
def shelf(site: Site, librarian: Person) -> Iterator[dict[str, str]]:
    """A small catalogue; returns the addresses of its books by title."""
    science = _post(librarian, "categories/", name="Earth science")
    ore = _post(librarian, "categories/", name="Ore deposits", parent=science)
    novels = _post(librarian, "categories/", name="Novels")
    arndt = _post(librarian, "authors/", first_name="Nicholas", last_name="Arndt")
    made = {}
    for title, category, price, language in [
        ("Komatiite", ore, "175.00", "en"),
        ("Metals and Society", ore, "64.00", "en"),
        ("Die Vermessung der Welt", novels, "24.00", "de"),
        *[(f"Reading the ground {number}", science, "8.00", "en") for number in range(22)],
    ]:
        about = "How lavas and ores came to be where they are, and how one walks to them."
        facts = {"authors": [arndt], "description": about, "publication_year": 2008, "stock": 7}
        body = {"title": title, "categories": [category], "price": price, "language": language, "currency": "AUD"}
        made[title] = f"/library/books/{_post(librarian, 'books/', **facts, **body)}/"
    yield made
    for address in made.values():
        librarian.call("DELETE", f"books/{address.split('/')[3]}/")


def _post(person: Person, path: str, **body: Any) -> str:
    answer = person.call("POST", path, body)
    assert answer.status == 201, answer.data
    return str(answer.data["id"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_the_pages_can_be_read_by_everybody(
    site: Site, librarian: Person, shelf: dict[str, str], page_of: New, scheme: str, size: dict[str, int]
) -> None:
    book = shelf["Komatiite"]
    page = page_of(librarian, "/library/", color_scheme=scheme, viewport=size, bypass_csp=True)
    asked = ["/library/", "/library/?price=50-&language=en", "/library/?q=zzzz"]
    for address in [*asked, book, f"{book}edit/", "/library/books/new/", "/library/suggestions/"]:
        page.goto(f"{site.url}{address}")
        _check(page, address)
    page.goto(f"{site.url}{book}")
    page.get_by_role("link", name="Nicholas Arndt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nicholas Arndt")
    _check(page, "author")
    page.goto(f"{site.url}{book}")
    page.get_by_label("Breadcrumb").get_by_role("link", name="Earth science").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Earth science")
    _check(page, "category")


def _check(page: Page, what: str) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })")
    assert faults(page) == [], what
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what


def test_books_are_found_as_one_types_and_the_address_holds_what_is_asked(
    site: Site, shelf: dict[str, str], page_of: New
) -> None:
    page = page_of(site.register("Alice"), "/library/")
    field = page.get_by_label("Search the catalogue")
    field.press_sequentially("komat")
    expect(page.locator(".book h3")).to_have_text(["Komatiite"])
    expect(page.locator("#found-words")).to_contain_text("1 book for “komat”")
    expect(field).to_be_focused()
    expect(page).to_have_url(re.compile(r"/library/\?q=komat$"))

    field.fill("arndt")
    expect(page.locator("#found-words")).to_contain_text("25 books for “arndt”")
    page.get_by_role("radio", name=re.compile("50 and over")).check()
    expect(page.locator(".book h3")).to_have_count(2)
    page.get_by_label("Order").select_option("price_asc")
    expect(page.locator(".book h3")).to_have_text(["Metals and Society", "Komatiite"])
    expect(page).to_have_url(re.compile(r"\?q=arndt&price=50-&sort=price_asc$"))

    page.reload()
    expect(page.locator(".book h3")).to_have_text(["Metals and Society", "Komatiite"])
    expect(field).to_have_value("arndt")
    page.go_back()
    expect(page.get_by_label("Order")).to_have_value("")
    page.get_by_role("link", name="Remove the filter Price 50 and over").click()
    expect(page.locator("#found-words")).to_contain_text("25 books for “arndt”")
    expect(page.locator(".chip-on")).to_have_count(0)
    page.get_by_role("link", name="Page 2").click()
    expect(page.locator(".book h3")).to_have_count(5)
    expect(page.locator(".pager")).to_contain_text("21 to 25 of 25")


def test_subjects_open_into_what_is_below_them(site: Site, shelf: dict[str, str], page_of: New) -> None:
    page = page_of(site.register("Alice"), "/library/")
    expect(page.get_by_role("radio", name=re.compile("Ore deposits"))).to_have_count(0)
    page.get_by_role("radio", name=re.compile("Earth science")).check()
    expect(page.locator("#found-words")).to_contain_text("24 books")
    page.get_by_role("radio", name=re.compile("Ore deposits")).check()
    expect(page.locator(".book h3")).to_have_count(2)
    expect(page.get_by_role("radio", name=re.compile("Ore deposits"))).to_be_focused()


def test_by_keyboard_alone_one_goes_through_the_books_rates_one_and_takes_it_back(
    site: Site, shelf: dict[str, str], page_of: New
) -> None:
    page = page_of(site.register("Alice"), "/library/?q=komatiite")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url(re.compile("/library/$"))
    page.goto(f"{site.url}/library/?q=arndt&sort=price_desc")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Komatiite")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Metals and Society")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Komatiite")

    page.locator("summary", has_text="Write a review").press("Enter")
    form = page.locator("form#review")
    form.get_by_role("button", name="Publish the review").press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("Choose one to five stars")
    form.get_by_role("radio", name=re.compile("^5 stars")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    expect(form.get_by_role("radio", name=re.compile("^4 stars"))).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Hot lavas, clear pages.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Your review is published.")
    expect(page.locator("#own-review")).to_contain_text("Hot lavas, clear pages.")
    expect(page.locator("#reviews")).to_contain_text("of 5, from 1 rating")

    page.locator("summary", has_text="Change your review").press("Enter")
    page.get_by_role("button", name="Delete the review").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Delete the review").press("Enter")
    expect(page.locator("#reviews")).to_contain_text("Nobody has rated this book yet.")


def test_without_javascript_one_searches_filters_reads_and_rates(
    site: Site, shelf: dict[str, str], new_page: New
) -> None:
    alice = site.register("Alice")
    page = new_page(java_script_enabled=False)
    page.goto(f"{site.url}/library/")
    page.get_by_label("Search the catalogue").fill("arndt")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#found-words")).to_contain_text("25 books for “arndt”")
    page.get_by_role("checkbox", name=re.compile("German")).check()
    page.get_by_role("button", name="Apply filters").click()
    expect(page.locator(".book h3")).to_have_text(["Die Vermessung der Welt"])
    page.get_by_role("link", name="Die Vermessung der Welt").click()
    page.get_by_role("link", name="Sign in to rate this book").click()
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("summary", has_text="Write a review").click()
    page.locator("label", has_text="3 stars").click()
    page.get_by_label("Your review").fill("Zwei messen die Welt.")
    page.get_by_role("button", name="Publish the review").click()
    expect(page.locator("#own-review")).to_contain_text("Zwei messen die Welt.")
    expect(page.get_by_role("status").filter(has_text="Your review is published.")).to_be_visible()


def test_a_librarian_adds_a_book_gives_it_a_cover_and_meets_another_librarians_change(
    site: Site, librarian: Person, shelf: dict[str, str], page_of: New
) -> None:
    page = page_of(librarian, "/library/books/new/")
    page.get_by_role("button", name="Add the book").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary")).to_contain_text("Enter the title")
    page.get_by_label("Title", exact=True).fill("Ore Petrology")
    page.get_by_label("Authors").fill("R. L. Stanton")
    page.get_by_label("Publisher").fill("McGraw-Hill")
    page.get_by_label("Price").fill("60.00")
    page.locator("summary", has_text="Earth science").click()
    page.get_by_role("checkbox", name="Ore deposits").check()
    page.get_by_role("button", name="Add the book").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ore Petrology")
    expect(page.locator("#toasts")).to_contain_text("Ore Petrology is in the catalogue.")

    page.get_by_role("link", name="Change this book").click()
    other = page.context.new_page()
    other.goto(page.url)
    picture = io.BytesIO()
    Image.new("RGB", (200, 300), "#8e3a29").save(picture, "PNG")
    file = {"name": "cover.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    page.get_by_label("Picture").set_input_files(files=[file])  # type: ignore[arg-type]
    page.get_by_role("button", name="Use this picture").click()
    expect(page.locator("#toasts")).to_contain_text("The cover is set.")
    assert page.locator(".cover-now img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    other.get_by_label("In stock").fill("9")
    other.get_by_role("button", name="Save the book").click()
    expect(other.locator(".error-summary")).to_contain_text("Somebody changed this book while you did.")
    other.get_by_role("button", name="Save the book").click()
    expect(other.locator("#toasts")).to_contain_text("Ore Petrology is saved.")

    other.get_by_role("link", name="Change this book").click()
    other.get_by_text("Delete this book").click()
    other.get_by_role("button", name="Delete the book").click()
    expect(other.locator("#toasts")).to_contain_text("Ore Petrology is deleted.")
