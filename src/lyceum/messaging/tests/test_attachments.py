"""Files of messages: what comes in, who gets it, and how it goes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.core import leftovers, valkey
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.clamd import EICAR, Clamd
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.people import client_of
from lyceum.messaging import attachments, catching_up, membership, scanner, services, tasks
from lyceum.messaging.models import Attachment
from lyceum.messaging.selectors import get_participant_for

URL = "/api/v1/chat/attachments/"
pytestmark = pytest.mark.django_db
in_each_storage = pytest.mark.usefixtures("each_storage")


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


@pytest.fixture
def room(alice: User, bob: User) -> UUID:
    return services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk


def picture(kind: str = "PNG", **options: Any) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (1400, 700), "teal").save(output, kind, **options)
    return output.getvalue()


def package(*names: str, mimetype: str = "", fill: bytes = b"<x/>") -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as found:
        if mimetype:
            found.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name in names:
            found.writestr(name, fill)
    return output.getvalue()


def put(api: APIClient, data: bytes, name: str = "map.png") -> Any:
    return api.post(URL, {"file": SimpleUploadedFile(name, data)}, format="multipart")


def send(api: APIClient, room: UUID, *ids: str, content: str = "", **fields: Any) -> Any:
    body = {"content": content, "attachments": list(ids), **fields}
    return api.post(f"/api/v1/chat/conversations/{room}/messages/", body)


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = [
    ("a.png", picture(), "image/png"),
    ("a.jpg", picture("JPEG"), "image/jpeg"),
    ("a.gif", picture("GIF"), "image/gif"),
    ("a.webp", picture("WEBP"), "image/webp"),
    ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    ("a.txt", "Kalgoorlie – gneiss\r\n".encode(), "text/plain"),
    ("A.MD", b"# Heading", "text/markdown"),
    ("a.csv", b"a,b\n=1+1,2\n", "text/csv"),
    ("a.docx", package("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
    ("a.xlsx", package("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
    ("a.pptx", package("[Content_Types].xml", "ppt/presentation.xml"), f"{OFFICE}.presentationml.presentation"),
    (
        "a.odt",
        package("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
        "application/vnd.oasis.opendocument.text",
    ),
    ("a.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00", "audio/mpeg"),
    ("b.mp3", b"\xff\xfb\x90\x64" + bytes(100), "audio/mpeg"),
    ("a.ogg", b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg"),
    ("a.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
    ("a.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"A_OPUS", "audio/webm"),
    ("png.txt", picture(), "image/png"),
    ("pki.txt", b"PKI rollout plan", "text/plain"),
    ("tags.txt", b"ID3 tags and OggS pages", "text/plain"),
    (
        "a.odg",
        package("content.xml", mimetype="application/vnd.oasis.opendocument.graphics"),
        "application/vnd.oasis.opendocument.graphics",
    ),
]


@pytest.mark.parametrize(("name", "data", "content_type"), TYPES, ids=[case[0] for case in TYPES])
def test_a_file_is_known_by_its_content(alice_api: APIClient, name: str, data: bytes, content_type: str) -> None:
    answer = put(alice_api, data, name)
    assert answer.status_code == 201, answer.json()
    found = answer.json()
    assert (found["name"], found["content_type"], found["size"], found["state"]) == (
        name,
        content_type,
        len(data),
        "ready",
    )
    assert answer["Location"] == found["url"] == f"{URL}{found['id']}/"
    assert bool(found["preview_url"]) == content_type.startswith("image/")


def flood() -> bytes:
    """A PNG of a few hundred bytes that says it is 100,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


REFUSED = [
    ("script.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ("behind.svg", b"<!-- x -->\n<!-- y --><svg onload='alert(1)'/>"),
    ("id3.mp3", b"ID3<script>alert(1)</script>\xff"),
    ("pages.ogg", b"OggS\x00\x02 of nothing"),
    ("page.txt", b"\xef\xbb\xbf  <!DOCTYPE html><script>alert(1)</script>"),
    ("tool.exe", b"MZ\x90\x00\x03\x00\x00\x00"),
    ("a.elf", b"\x7fELF\x02\x01\x01"),
    ("nul.txt", b"a\x00b"),
    ("latin.txt", b"caf\xe9"),
    ("a.zip", package("evil.txt")),
    ("slip.docx", package("../../etc/passwd")),
    ("macro.docm", package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
    ("bomb.docx", package("[Content_Types].xml", "word/document.xml", fill=bytes(60 * 1024 * 1024))),
    ("many.docx", package("[Content_Types].xml", "word/document.xml", *(f"p{n}" for n in range(1100)))),
    ("torn.docx", package("[Content_Types].xml", "word/document.xml")[:-30]),
    ("film.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"V_VP9"),
    ("torn.png", picture()[:200]),
    ("flood.png", flood()),
    ("empty.txt", b""),
]


@pytest.mark.parametrize(("name", "data"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_not_on_the_list_stays_outside(alice_api: APIClient, name: str, data: bytes) -> None:
    before = leftovers.listed(attachments.FOLDER)[0]
    answer = put(alice_api, data, name)
    if data:
        check_problem(answer, 415, "unsupported_media_type")
    else:
        assert answer.status_code == 400
    assert not Attachment.objects.exists()
    assert leftovers.listed(attachments.FOLDER)[0] == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\map.txt", "map.txt"),
        ("gnp.\u202etxt.exe", "gnp.txt.exe"),
        ("a\x00b\r\n.txt", "ab.txt"),
        (" .. ", "file"),
        ("é" * 300 + ".txt", "é" * 251 + ".txt"),
        ("Übersicht 日本 🗺.txt", "Übersicht 日本 🗺.txt"),
    ],
)
def test_a_name_is_kept_without_paths_and_what_cannot_be_seen(given: str, kept: str) -> None:
    assert attachments.plain_name(given) == kept


@in_each_storage
def test_a_file_goes_with_a_message_to_its_members_unchanged(
    alice_api: APIClient, bob_api: APIClient, charlie_api: APIClient, room: UUID
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = picture("JPEG", exif=exif.tobytes())
    found = put(alice_api, data, "Karte „Süd“.jpg").json()
    assert bob_api.get(found["url"]).status_code == 404
    sent = send(alice_api, room, found["id"])
    assert sent.status_code == 201, sent.json()
    assert (sent.json()["content"], sent.json()["attachments"]) == ("", [found])
    listed = bob_api.get("/api/v1/chat/conversations/").json()["results"][0]
    assert listed["last_message"]["attachments"] == [found]
    for reader in (alice_api, bob_api):
        page = reader.get(f"/api/v1/chat/conversations/{room}/messages/").json()
        assert page["results"][0]["attachments"] == [found]
        answer = reader.get(found["url"])
        assert (body_of(answer), answer["Content-Type"]) == (data, "image/jpeg")
        assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Karte%20")
        assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"]) == (
            "nosniff",
            "default-src 'none'; sandbox",
        )
        assert reader.get(found["url"], headers={"If-None-Match": answer["ETag"]}).status_code == 304
        preview = reader.get(found["preview_url"])
        small = body_of(preview)
        assert preview["Content-Type"] == "image/webp"
        assert Image.open(io.BytesIO(small)).size == (960, 480)
        assert b"taken at home" not in small
    for url in (found["url"], found["preview_url"]):
        assert charlie_api.get(url).status_code == 404
        assert APIClient().get(url).status_code == 401


@in_each_storage
def test_a_repeat_under_a_key_is_one_file_and_what_is_refused_stays_so(alice_api: APIClient) -> None:
    def put_under(key: str, data: bytes, name: str) -> Any:
        form = {"file": SimpleUploadedFile(name, data)}
        return alice_api.post(URL, form, format="multipart", headers={"Idempotency-Key": key})

    first = put_under("a", picture(), "map.png")
    assert (first.status_code, first.json()["content_type"]) == (201, "image/png")
    again = put_under("a", picture(), "map.png")
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    check_problem(put_under("b", b"MZ\x90\x00", "tool.exe"), 415, "unsupported_media_type")
    assert Attachment.objects.count() == 1


@in_each_storage
def test_an_excerpt_of_what_has_no_text_names_its_files(alice_api: APIClient, bob_api: APIClient, room: UUID) -> None:
    files = [put(alice_api, b"gneiss", name).json()["id"] for name in ("a.txt", "b.txt")]
    original = send(alice_api, room, *files).json()["id"]
    reply = send(bob_api, room, content="thanks", reply_to=original).json()
    assert reply["reply_to"]["excerpt"] == "a.txt, b.txt"
    for _ in range(2):
        page = alice_api.get(f"/api/v1/chat/conversations/{room}/messages/").json()
        assert page["results"][1]["reply_to"]["excerpt"] == "a.txt, b.txt"
    path = f"/api/v1/chat/conversations/{room}/messages/{original}/"
    assert alice_api.patch(path, {"content": "two files"}).json()["content"] == "two files"
    assert alice_api.patch(path, {"content": ""}).json()["content"] == ""
    assert field_codes(bob_api.patch(f"{path}".replace(original, reply["id"]), {"content": ""})) == {
        ("content", "blank")
    }


@in_each_storage
def test_only_the_uploader_sends_a_file_and_only_once(alice_api: APIClient, bob_api: APIClient, room: UUID) -> None:
    found = put(alice_api, b"hello", "a.txt").json()["id"]
    assert field_codes(send(bob_api, room, found)) == {("attachments.0", "not_found")}
    assert field_codes(send(alice_api, room, found, str(room))) == {("attachments.1", "not_found")}
    assert bob_api.get(f"/api/v1/chat/conversations/{room}/messages/").json()["results"] == []
    first = send(alice_api, room, found, client_id="k")
    assert send(alice_api, room, found, client_id="k").json() == first.json()
    assert send(alice_api, room, found, client_id="k").status_code == 200
    check_problem(send(alice_api, room, content="x", client_id="k"), 409, "client_id_reused")
    assert field_codes(send(alice_api, room, found, content="again")) == {("attachments.0", "not_found")}
    assert field_codes(send(alice_api, room, content=" ")) == {("content", "blank")}
    assert send(alice_api, room, *[found] * 11).status_code == 400


@in_each_storage
def test_who_may_not_see_the_message_does_not_get_its_file(
    alice: User, alice_api: APIClient, bob: User, bob_api: APIClient, charlie: User, charlie_api: APIClient, room: UUID
) -> None:
    url = put(alice_api, b"hello", "a.txt").json()["url"]
    message = send(alice_api, room, url.split("/")[-2]).json()
    membership.add_member(get_participant_for(alice.pk, room), charlie, role="member")
    assert charlie_api.get(url).status_code == 404
    assert bob_api.get(url).status_code == 200
    membership.remove_member(get_participant_for(alice.pk, room), bob.pk)
    assert bob_api.get(url).status_code == 404
    path = f"/api/v1/chat/conversations/{room}/messages/{message['id']}/"
    assert alice_api.delete(path).status_code == 204
    assert alice_api.get(url).status_code == 404
    assert alice_api.get(path).json()["attachments"] == []
    assert not Attachment.objects.exists()


@in_each_storage
@pytest.mark.parametrize(
    ("wanted", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=5-2", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_a_part_of_a_file_can_be_had(
    alice_api: APIClient, wanted: str, status: int, body: bytes | None, told: str | None
) -> None:
    url = put(alice_api, b"0123456789", "a.txt").json()["url"]
    answer = alice_api.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.get("Content-Range")) == (status, told)
    if body is not None:
        assert body_of(answer) == body


@in_each_storage
def test_files_that_vanish_go_with_their_message(alice: User, bob: User, alice_api: APIClient) -> None:
    room = services.create_group(alice.pk, name="Gone", members=[bob.pk], history="all", retention="ephemeral").pk
    found = put(alice_api, b"hello", "a.txt").json()
    sent = send(alice_api, room, found["id"], content="look")
    assert sent.json()["attachments"] == [found]
    page = client_of(bob).get(f"/api/v1/chat/conversations/{room}/messages/").json()
    assert page["results"][0]["attachments"] == [found]
    assert client_of(bob).get(found["url"]).status_code == 200
    Attachment.objects.update(expires_at=timezone.now())
    assert client_of(bob).get(found["url"]).status_code == 404
    assert attachments.remove_expired() == 1


@in_each_storage
@pytest.mark.django_db(transaction=True)
def test_what_was_not_sent_goes_after_a_day_and_what_no_row_names_too(alice: User, alice_api: APIClient) -> None:
    url = put(alice_api, picture()).json()["url"]
    assert attachments.remove_expired() == 0
    Attachment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert alice_api.get(url).status_code == 404
    assert attachments.remove_expired() == 1
    assert [
        name for folder in leftovers.listed("attachments")[0] for name in leftovers.listed(f"attachments/{folder}")[1]
    ] == []
    default_storage.save("attachments/00/01890000000070008000000000000000", ContentFile(b"left"))
    default_storage.save("attachments/00/Thumbs.db", ContentFile(b"not ours"))
    assert attachments.sweep() == 0
    leftovers.LEFT_BEHIND, kept = timedelta(seconds=-5), leftovers.LEFT_BEHIND
    try:
        assert attachments.sweep() == 1
        assert leftovers.listed("attachments/00")[1] == ["Thumbs.db"]
    finally:
        leftovers.LEFT_BEHIND = kept


@in_each_storage
def test_nobody_heaps_up_files_that_are_not_sent(alice: User, alice_api: APIClient) -> None:
    Attachment.objects.bulk_create(
        Attachment(uploader=alice, name="a", content_type="text/plain", size=1) for _ in range(50)
    )
    check_problem(put(alice_api, b"one more", "a.txt"), 409, "conflict")


@pytest.fixture
def clamd(settings: Any) -> Iterator[Clamd]:
    found = Clamd()
    settings.CLAMAV_URL = found.url
    yield found
    found.close()


@in_each_storage
@pytest.mark.parametrize(("data", "state"), [(b"harmless", "ready"), (EICAR, "blocked")])
@pytest.mark.usefixtures("clamd")
def test_a_file_is_held_back_until_the_scanner_has_seen_it(
    alice_api: APIClient, bob_api: APIClient, room: UUID, jobs: Jobs, data: bytes, state: str
) -> None:
    found = put(alice_api, data, "a.txt").json()
    assert (found["state"], found["url"]) == ("pending", None)
    assert alice_api.get(f"{URL}{found['id']}/").status_code == 404
    assert send(alice_api, room, found["id"]).json()["attachments"][0]["state"] == "pending"
    for name, arguments in jobs.waiting:
        assert name == "messaging.scan_attachment"
        tasks.scan_attachment(**arguments)
    page = bob_api.get(f"/api/v1/chat/conversations/{room}/messages/").json()
    assert page["results"][0]["attachments"][0]["state"] == state
    assert bob_api.get(f"{URL}{found['id']}/").status_code == (200 if state == "ready" else 404)


@pytest.mark.usefixtures("clamd")
@pytest.mark.parametrize("retention", ["permanent", "ephemeral"])
def test_who_was_away_hears_of_the_verdict(alice: User, bob: User, jobs: Jobs, retention: str) -> None:
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined", retention=retention).pk
    found = put(client_of(alice), b"harmless", "a.txt").json()
    sent = send(client_of(alice), room, found["id"]).json()
    left = timezone.now() + catching_up.OVERLAP
    for _, arguments in jobs.waiting:
        tasks.scan_attachment(**arguments)
    edited, resumed = catching_up.missed_frames(bob.pk, room, sent["sequence"], left)
    assert edited["message"]["attachments"][0]["state"] == "ready"
    assert resumed["count"] == 0


@pytest.mark.usefixtures("clamd")
@pytest.mark.parametrize("has_ended", [False, True])
def test_a_verdict_while_the_message_is_stored_is_told_too(
    alice: User, bob: User, room: UUID, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, has_ended: bool
) -> None:
    found = put(client_of(alice), b"harmless", "a.txt").json()
    lock, waits = attachments.lock_pending, [True]

    def lock_after_the_send(attachment_id: UUID) -> Attachment | None:
        if waits.pop() if waits else False:
            send(client_of(alice), room, found["id"])
            client_of(bob).get(f"/api/v1/chat/conversations/{room}/messages/")
            if has_ended:
                services.end_conversation(get_participant_for(alice.pk, room))
        return lock(attachment_id)

    monkeypatch.setattr(attachments, "lock_pending", lock_after_the_send)
    for _, arguments in jobs.waiting:
        tasks.scan_attachment(**arguments)
    if has_ended:
        services.restore_conversation(alice, room)
    page = client_of(bob).get(f"/api/v1/chat/conversations/{room}/messages/").json()
    assert page["results"][0]["attachments"][0]["state"] == "ready"
    frames = catching_up.missed_frames(bob.pk, room, 1, timezone.now() + catching_up.OVERLAP - timedelta(seconds=9))
    assert [frame["type"] for frame in frames] == ["message_edited", "resumed"]


def test_more_changes_than_are_told_are_to_be_read_anew(
    alice: User, bob: User, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "MAX_RESUME", 4)
    sent = [services.send_message(room, sender=alice.pk, content=str(n)).message_id for n in range(5)]
    left, mine = timezone.now() + catching_up.OVERLAP, get_participant_for(alice.pk, room)
    for count, each in enumerate(sent, 1):
        services.edit_message(mine, each, content="another")
        frames = [frame["type"] for frame in catching_up.missed_frames(bob.pk, room, 5, left)]
        assert frames == (["message_edited"] * count + ["resumed"] if count < 5 else ["reload"])


def test_a_scanner_that_is_away_is_no_verdict(clamd: Clamd) -> None:
    clamd.close()
    with pytest.raises(scanner.Unavailable):
        scanner.is_clean(io.BytesIO(b"x"), "tcp://127.0.0.1:1")


@in_each_storage
def test_the_hot_tail_keeps_what_belongs_to_a_message(alice_api: APIClient, bob_api: APIClient, room: UUID) -> None:
    path = f"/api/v1/chat/conversations/{room}/messages/"
    send(alice_api, room, content="one")
    send(alice_api, room, content="two")
    bob_api.get(path)
    found = put(alice_api, b"hello", "a.txt").json()
    send(alice_api, room, found["id"], content="three")
    assert valkey.connection().keys(valkey.key("hot", room, "*"))
    for _ in range(2):
        assert bob_api.get(path).json()["results"][-1]["attachments"] == [found]
