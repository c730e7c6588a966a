"""The cart and orders as buyers and staff use them: by keyboard, on a phone, with and without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import faults
from tests.conftest import Person, Site
from tests.payments import pay

pytestmark = pytest.mark.browser
New = Callable[..., Page]
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def librarian(site: Site) -> Person:
    return site.register("Jodie").become_staff()


@pytest.fixture
def book(librarian: Person) -> dict[str, Any]:
    return make(librarian, "Basin and Range", "12.50", 3)


def make(librarian: Person, title: str, price: str, stock: int) -> dict[str, Any]:
    made = librarian.call("POST", "books/", {"title": title, "price": price, "currency": "EUR", "stock": stock})
    assert made.status == 201, made.data
    return dict(made.data)


def put_in(person: Person, book: dict[str, Any], quantity: int = 1) -> None:
    answer = person.call("POST", "cart/items/", {"book": book["id"], "quantity": quantity})
    assert answer.status == 201, answer.data


def ordered(person: Person, book: dict[str, Any], key: str = "one") -> str:
    put_in(person, book)
    answer = person.call("POST", "orders/create_from_cart/", {}, **{"Idempotency-Key": key})
    assert answer.status == 201, answer.data
    return str(answer.data["id"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_the_pages_can_be_read_by_everybody(
    site: Site, librarian: Person, book: dict[str, Any], page_of: New, scheme: str, size: dict[str, int]
) -> None:
    buyer = site.register("Alice")
    order = ordered(buyer, book)
    scarce = make(librarian, "A title that is long enough to be broken on the narrow screen of a phone", "3.00", 5)
    put_in(buyer, book)
    put_in(buyer, scarce, 5)
    librarian.call("PATCH", f"books/{scarce['id']}/", {"stock": 2})
    page = page_of(buyer, "/library/cart/", color_scheme=scheme, viewport=size, bypass_csp=True)
    expect(page.get_by_text("Only 2 left")).to_be_visible()
    for path in ("/library/cart/", "/library/orders/", f"/library/orders/{order}/"):
        page.goto(f"{site.url}{path}")
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.get_by_text("Cancel the order").click()
    assert faults(page) == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_cart_is_changed_and_ordered_and_the_order_cancelled(
    site: Site, book: dict[str, Any], page_of: New, scripts: bool
) -> None:
    buyer = site.register("Alice")
    put_in(buyer, book)
    page = page_of(buyer, "/library/cart/", java_script_enabled=scripts)
    expect(page.get_by_role("heading", name="Total")).to_contain_text("€12.50")
    page.get_by_role("spinbutton", name="Copies of Basin and Range").fill("9")
    page.get_by_role("button", name="Change the copies of Basin and Range").click()
    expect(page.get_by_role("alert")).to_contain_text("there are only 3 in stock")
    page.get_by_role("spinbutton", name="Copies of Basin and Range").fill("2")
    page.get_by_role("button", name="Change the copies of Basin and Range").click()
    expect(page.get_by_role("heading", name="Total")).to_contain_text("€25.00")
    page.get_by_role("button", name="Order for €25.00").click()
    page.wait_for_url(re.compile("/library/orders/[0-9a-f-]{36}/"))
    expect(page.get_by_role("region", name="Where it stands")).to_contain_text("waiting to be paid")
    page.get_by_text("Cancel the order", exact=True).click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_role("region", name="Where it stands")).to_contain_text("cancelled")
    expect(page.get_by_text("Yes, cancel it")).to_have_count(0)
    page.goto(f"{site.url}/library/orders/")
    expect(page.get_by_role("link", name=re.compile("2 × Basin and Range"))).to_be_visible()
    page.goto(f"{site.url}/library/cart/")
    expect(page.get_by_text("Nothing in your cart")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_who_orders_at_a_price_that_has_changed_is_shown_the_new_one_first(
    site: Site, librarian: Person, book: dict[str, Any], page_of: New, scripts: bool
) -> None:
    buyer = site.register("Alice")
    put_in(buyer, book)
    page = page_of(buyer, "/library/cart/", java_script_enabled=scripts)
    assert librarian.call("PATCH", f"books/{book['id']}/", {"price": "14.00"}).status == 200
    page.get_by_role("button", name="Order for €12.50").click()
    expect(page.get_by_role("alert")).to_contain_text("Basin and Range costs 14.00 EUR now, not 12.50 EUR.")
    expect(page.get_by_text("Was €12.50, is €14.00 now")).to_be_visible()
    page.get_by_role("button", name="Order for €14.00").click()
    page.wait_for_url(re.compile("/library/orders/[0-9a-f-]{36}/"))


def test_a_cart_is_ordered_by_keyboard_alone_and_a_second_press_orders_once(
    site: Site, book: dict[str, Any], page_of: New
) -> None:
    buyer = site.register("Alice")
    put_in(buyer, book)
    page = page_of(buyer, "/library/cart/")
    button = page.get_by_role("button", name="Order for €12.50")
    page.get_by_role("spinbutton", name="Copies of Basin and Range").focus()
    for _ in range(8):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    expect(button).to_be_focused()
    button.evaluate("one => { one.click(); one.click(); }")
    page.wait_for_url(re.compile("/library/orders/[0-9a-f-]{36}/"))
    assert len(buyer.call("GET", "orders/").data["results"]) == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_staff_see_everybodys_orders_and_bring_them_on(
    site: Site, librarian: Person, book: dict[str, Any], page_of: New, scripts: bool
) -> None:
    buyer = site.register("Alice")
    order = ordered(buyer, book)
    page = page_of(librarian, "/library/orders/", java_script_enabled=scripts)
    page.get_by_role("link", name="Everybody’s").click()
    page.locator(f'a[href="/library/orders/{order}/"]').click()
    expect(page.get_by_role("button", name="It is on its way")).to_have_count(0)
    assert pay(site, order, "12.00") == 409
    assert pay(site, order, "12.50") == 200
    page.reload()
    expect(page.get_by_text("another amount than the order's")).to_be_visible()
    page.get_by_role("button", name="It is on its way").click()
    page.get_by_role("button", name="It has arrived").click()
    expect(page.get_by_role("region", name="Where it stands")).to_contain_text("delivered")
    expect(page.get_by_text("Cancel the order")).to_have_count(0)
    own = page_of(buyer, f"/library/orders/{order}/")
    expect(own.get_by_role("region", name="Where it stands")).to_contain_text("delivered")
    expect(own.get_by_text("another amount than the order's")).to_have_count(0)


def test_anothers_order_is_no_page(site: Site, book: dict[str, Any], page_of: New) -> None:
    order = ordered(site.register("Alice"), book)
    page = page_of(site.register("Bob"), "/library/orders/")
    answer = page.goto(f"{site.url}/library/orders/{order}/")
    assert answer is not None and answer.status == 404


@pytest.mark.parametrize("scripts", [True, False])
def test_a_book_goes_from_its_page_into_the_cart(
    site: Site, book: dict[str, Any], page_of: New, new_page: New, scripts: bool
) -> None:
    path = f"/library/books/{book['id']}/"
    page = page_of(site.register("Alice"), path, java_script_enabled=scripts)
    page.get_by_role("button", name="Add to cart").click()
    if not scripts:
        page.wait_for_url(f"{site.url}/library/cart/")
        page.goto(f"{site.url}{path}")
    expect(page.get_by_role("button", name="Add another copy")).to_be_visible()
    page.get_by_role("link", name="1 copy in your cart").click()
    expect(page.get_by_role("heading", name="Total")).to_contain_text("€12.50")
    visitor = new_page(java_script_enabled=scripts)
    visitor.goto(f"{site.url}{path}")
    visitor.get_by_role("link", name="Sign in to order").click()
    visitor.wait_for_url(lambda url: "/sign-in/" in url)
