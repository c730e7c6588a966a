"""Files in Talk: chosen, pasted, dropped and recorded; sent with their progress, shown, opened and heard."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import faults
from tests.browser.talk import DESK, PHONE, direct, group, say
from tests.conftest import Site

pytestmark = pytest.mark.browser
Talk = Callable[..., Page]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n" + bytes(range(256)) * 8
# Puts files on the page as the clipboard or a pointer would, by an event of its own.
HAND_OVER = """([selector, kind, name, type, body]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(body)], name, {type}));
    const at = document.querySelector(selector);
    const options = {bubbles: true, cancelable: true};
    if (kind === "paste") at.dispatchEvent(new ClipboardEvent("paste", {...options, clipboardData: data}));
    else at.dispatchEvent(new DragEvent(kind, {...options, dataTransfer: data}));
}"""


def picture(colour: str = "teal", size: tuple[int, int] = (900, 600)) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, colour).save(output, "PNG")
    return output.getvalue()


def choose_files(page: Page, *files: tuple[str, str, bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#composer").get_by_role("button", name="Attach files").click()
    chooser.value.set_files([{"name": name, "mimeType": kind, "buffer": body} for name, kind, body in files])


def tray(page: Page) -> Locator:
    return page.locator("#composer [data-part=tray] li")


def hand_over(page: Page, selector: str, kind: str, name: str, content_type: str, body: bytes) -> None:
    page.evaluate(HAND_OVER, [selector, kind, name, content_type, list(body)])


def is_shown(image: Locator) -> None:
    """Wait until the picture has come."""
    expect(image).to_be_visible()
    expect(image).not_to_have_js_property("naturalWidth", 0)


def test_two_people_share_a_picture_and_a_document(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    hers, his = talk_of(alice, room, viewport=DESK), talk_of(bob, room, viewport=DESK)
    choose_files(hers, ("core.png", "image/png", picture()), ("Bericht März.pdf", "application/pdf", PDF))
    expect(tray(hers)).to_have_count(2)
    expect(tray(hers).filter(has_text="Ready")).to_have_count(2)
    hers.keyboard.press("Escape")
    say(hers, "two finds")
    expect(tray(hers)).to_have_count(0)
    message = his.locator("#messages article", has_text="two finds")
    is_shown(message.get_by_role("img", name="core.png"))
    link = message.get_by_role("link", name="Bericht März.pdf")
    expect(link).to_contain_text("PDF · 2 kB")
    with his.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "Bericht März.pdf"
    assert Path(download.value.path()).read_bytes() == PDF
    message.get_by_role("button", name="core.png").click()
    box = his.get_by_role("dialog", name="core.png")
    is_shown(box.get_by_role("img", name="core.png"))
    expect(box.get_by_role("link", name="Download")).to_be_visible()
    his.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(message.get_by_role("button", name="core.png")).to_be_focused()


def test_sending_waits_for_the_upload_and_shows_how_far_it_is(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    choose_files(page, ("long.txt", "text/plain", b"word " * 160_000))
    bar = page.get_by_role("progressbar", name="Upload of long.txt")
    expect(bar).to_be_visible()
    page.wait_for_function("() => document.querySelector('.tray progress')?.value > 0.1")
    say(page, "")
    expect(page.locator("#composer [data-part=note]")).to_contain_text("Sends when 1 file is uploaded")
    expect(page.locator("#messages article")).to_have_count(0)
    expect(page.locator("#messages article").get_by_role("link", name="long.txt")).to_be_visible(timeout=20_000)
    expect(page.locator("#conversations .row")).to_contain_text("You: long.txt")


def test_what_cannot_be_sent_is_refused_in_words(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    told = page.locator("#composer [data-part=refused]")
    choose_files(page, ("run.exe", "application/x-msdownload", b"MZ\x90\x00" + bytes(60)))
    expect(told).to_contain_text("run.exe is left out: ")
    choose_files(page, ("sign.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    expect(told).to_contain_text("sign.svg is left out: ")
    expect(tray(page)).to_have_count(0)
    choose_files(page, *((f"{number}.txt", "text/plain", b"text") for number in range(11)))
    expect(told).to_contain_text("10.txt is left out: a message has at most 10 files.")
    expect(tray(page)).to_have_count(10)
    page.get_by_role("button", name="Remove 3.txt").click()
    expect(tray(page)).to_have_count(9)


def test_an_upload_that_failed_is_tried_again_and_one_can_be_cancelled(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    page.route("**/api/v1/chat/attachments/", lambda route: route.abort())
    choose_files(page, ("note.txt", "text/plain", b"text"))
    expect(tray(page)).to_contain_text("Not uploaded: there is no connection")
    page.unroute("**/api/v1/chat/attachments/")
    page.get_by_role("button", name="Upload note.txt again").click()
    expect(tray(page)).to_contain_text("Ready")
    page.route("**/api/v1/chat/attachments/", lambda route: None)
    choose_files(page, ("other.txt", "text/plain", b"text"))
    page.get_by_role("button", name="Cancel the upload of other.txt").click()
    expect(tray(page)).to_have_count(1)


def test_files_are_pasted_and_dropped(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    hand_over(page, "#message", "paste", "image.png", "image/png", picture(size=(40, 40)))
    expect(tray(page)).to_contain_text("Pasted picture ")
    hand_over(page, "#scroll", "dragover", "notes.md", "text/markdown", b"# Notes")
    expect(page.locator("#thread .drop-target")).to_be_visible()
    hand_over(page, "#scroll", "drop", "notes.md", "text/markdown", b"# Notes")
    expect(page.locator("#thread .drop-target")).to_be_hidden()
    expect(tray(page).filter(has_text="Ready")).to_have_count(2)
    say(page, "")
    expect(page.locator("#messages article").get_by_role("link", name="notes.md")).to_contain_text("Markdown")


def test_an_answer_quotes_what_a_message_without_words_is(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob)
    hers, his = talk_of(alice, room, viewport=DESK), talk_of(bob, room, viewport=DESK)
    choose_files(hers, ("core.png", "image/png", picture()))
    expect(tray(hers)).to_contain_text("Ready")
    say(hers, "")
    expect(his.locator("#conversations .row")).to_contain_text("Alice: Photo")
    his.locator("#messages article").hover()
    his.locator("#messages article").get_by_role("button", name="Reply").click()
    expect(his.locator("#composer .composer-context")).to_contain_text("Replying to Alice Tester: Photo")
    say(his, "well cut")
    expect(hers.locator("#messages .message-reply")).to_contain_text("Alice Tester core.png")
    hers.locator("#messages article").first.get_by_role("button", name="1 reply").click()
    with hers.expect_file_chooser() as chooser:
        hers.locator("#thread-composer").get_by_role("button", name="Attach files").click()
    chooser.value.set_files({"name": "log.csv", "mimeType": "text/csv", "buffer": b"depth,grade"})
    expect(hers.locator("#thread-composer .tray li")).to_contain_text("Ready")
    hers.locator("#thread-message").press("Enter")
    expect(hers.locator("#thread-messages").get_by_role("link", name="log.csv")).to_contain_text("CSV · 11 bytes")


def test_a_voice_note_is_recorded_sent_and_played(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = direct(alice, bob)
    hers, his = talk_of(alice, room, viewport=DESK), talk_of(bob, room, viewport=DESK)
    hers.locator("#composer").get_by_role("button", name="Record a voice note").click()
    bar = hers.locator("#composer [data-part=recorder]")
    expect(bar.get_by_role("timer")).to_have_text("0:02")
    bar.get_by_role("button", name="Send").click()
    player = his.locator("#messages .player")
    expect(player).to_contain_text("Voice note")
    expect(his.locator("#conversations .row")).to_contain_text("Voice note")
    seek = player.get_by_role("slider")
    expect(seek).to_be_enabled()
    assert 1.5 < float(seek.get_attribute("max") or 0) < 10
    player.get_by_role("button", name="Play Voice note").click()
    expect(player.get_by_role("button", name="Pause Voice note")).to_be_visible()
    his.wait_for_function("() => document.querySelector('#messages .player input').value > 0.2")
    player.get_by_role("button", name="Pause Voice note").click()
    expect(player.get_by_role("button", name="Play Voice note")).to_be_visible()


def test_a_recording_is_heard_before_it_is_sent_or_thrown_away(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    record = page.locator("#composer").get_by_role("button", name="Record a voice note")
    record.click()
    expect(page.get_by_role("timer")).to_have_text("0:01")
    page.get_by_role("button", name="Stop").click()
    expect(tray(page)).to_contain_text("Ready")
    expect(tray(page).get_by_role("slider")).to_be_enabled()
    record.click()
    expect(page.get_by_role("timer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(record).to_be_focused()
    expect(tray(page)).to_have_count(1)


def test_a_microphone_that_is_not_allowed_is_explained(site: Site, talk_of: Talk) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, direct(alice, bob), viewport=DESK)
    refuse = (
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    page.evaluate(refuse)
    page.locator("#composer").get_by_role("button", name="Record a voice note").click()
    expect(page.get_by_role("alert")).to_contain_text("does not let this page use the microphone")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_files_are_accessible_and_fit_a_phone(site: Site, talk_of: Talk, theme: str) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    page = talk_of(alice, group(alice, bob), viewport=PHONE, color_scheme=theme, bypass_csp=True)
    long_name = "a-long-name-" * 12 + ".pdf"
    choose_files(page, ("core.png", "image/png", picture()), (long_name, "application/pdf", PDF))
    expect(tray(page).filter(has_text="Ready")).to_have_count(2)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    say(page, "")
    article = page.locator("#messages article")
    is_shown(article.get_by_role("img", name="core.png"))
    page.locator("#composer").get_by_role("button", name="Record a voice note").click()
    expect(page.get_by_role("timer")).to_have_text("0:01")
    assert faults(page) == []
    page.locator("#composer [data-act=voice-send]").click()
    expect(page.locator("#messages .player input")).to_be_enabled()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    article.get_by_role("button", name="core.png").click()
    is_shown(page.get_by_role("dialog").get_by_role("img"))
    assert faults(page) == []
