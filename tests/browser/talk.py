"""What the tests of Talk share: people in conversations, and the page as one reads it."""

from playwright.sync_api import Locator, Page, expect

from tests.conftest import Person

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 850}


def direct(one: Person, other: Person) -> str:
    made = one.call("POST", "chat/conversations/", {"kind": "direct", "participants": [other.id]})
    return str(made.data["id"])


def group(owner: Person, *members: Person, name: str = "Field week", **fields: str) -> str:
    people = [member.id for member in members]
    body = {"kind": "group", "participants": people, "name": name, **fields}
    return str(owner.call("POST", "chat/conversations/", body).data["id"])


def post(person: Person, room: str, content: str, **fields: str) -> dict[str, str]:
    answer = person.call("POST", f"chat/conversations/{room}/messages/", {"content": content, **fields})
    assert answer.status == 201, answer.data
    return dict(answer.data)


def say(page: Page, text: str) -> None:
    page.locator("#message").fill(text)
    page.keyboard.press("Enter")


def message(page: Page, text: str) -> Locator:
    return page.locator("#messages article", has_text=text).first


def choose(page: Page, text: str, verb: str) -> None:
    """Choose a verb in the menu of a message, with the mouse."""
    message(page, text).hover()
    message(page, text).get_by_role("button", name="More").click()
    page.locator("#message-menu").get_by_role("button", name=verb).click()


def is_live(page: Page) -> Page:
    expect(page.locator("#live")).to_have_text("Live")
    return page
