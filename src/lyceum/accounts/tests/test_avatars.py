import io
import os
import struct
import zlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from lyceum.accounts import avatars
from lyceum.accounts.models import User
from lyceum.core import leftovers

OWN = "/api/v1/users/avatar/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_storage")]


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: Any) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, "teal").save(output, kind, **options)
    return output.getvalue()


def put(api: APIClient, data: bytes, name: str = "me.png") -> Any:
    return api.put(OWN, {"file": SimpleUploadedFile(name, data)}, format="multipart")


def stored() -> list[str]:
    try:
        return default_storage.listdir("avatars")[1]
    except FileNotFoundError:
        # A bucket has no folders; a folder is there with its first file.
        return []


@pytest.fixture
def alice_api(alice: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(alice)
    return client


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_square_without_metadata(alice_api: APIClient, alice: User, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    options = {} if kind == "GIF" else {"exif": exif.tobytes()}
    answer = put(alice_api, picture(kind, **options), "holiday.txt")
    assert answer.status_code == 200
    url = answer.json()["avatar"]
    assert url.startswith(f"/api/v1/users/{alice.pk}/avatar/?v=")
    shown = alice_api.get(url, headers={"Accept": "image/*"})
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert shown["Cache-Control"] == "private, max-age=31536000, immutable"
    data = b"".join(shown.streaming_content)
    found = Image.open(io.BytesIO(data))
    assert (found.format, found.size, dict(found.getexif())) == ("WEBP", (256, 256), {})
    assert b"taken at home" not in data


def test_people_see_each_others_pictures_and_strangers_none(alice_api: APIClient, alice: User, bob: User) -> None:
    url = put(alice_api, picture()).json()["avatar"]
    reader = APIClient()
    assert reader.get(url).status_code == 401
    reader.force_authenticate(bob)
    shown = reader.get(url)
    assert shown.status_code == 200
    assert reader.get(url, headers={"If-None-Match": shown["ETag"]}).status_code == 304
    assert reader.get(url.split("?")[0])["Cache-Control"] == "no-cache"
    assert reader.get(f"/api/v1/users/{bob.pk}/avatar/").status_code == 404
    listed = reader.get("/api/v1/users/list/?q=alice").json()["results"]
    assert [person["avatar"] for person in listed] == [url]


def test_the_old_file_goes_when_a_picture_is_replaced_or_removed(
    alice_api: APIClient, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            answer = put(alice_api, picture())
        assert len(stored()) == 1
    tag = alice_api.get(answer.json()["avatar"])["ETag"]
    assert answer["ETag"] == tag
    assert alice_api.delete(OWN, headers={"If-Match": '"other"'}).status_code == 412
    with django_capture_on_commit_callbacks(execute=True):
        assert alice_api.delete(OWN, headers={"If-Match": tag}).status_code == 204
    assert stored() == []
    assert alice_api.get("/api/v1/users/profile/").json()["avatar"] is None
    assert alice_api.delete(OWN).status_code == 204


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def flood() -> bytes:
    """A PNG of a few hundred bytes that says it is 100,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "invalid"),
        (b"%PDF-1.7 not a picture", "invalid"),
        (picture("BMP"), "invalid"),
        (picture()[:200], "invalid"),
        (b"GIF89a<script>", "invalid"),
        (flood(), "too_large"),
    ],
    ids=["svg", "pdf", "bmp", "cut", "polyglot", "pixel flood"],
)
def test_what_is_no_picture_is_refused(alice_api: APIClient, data: bytes, code: str) -> None:
    answer = put(alice_api, data)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("file", code)]
    assert stored() == []


def test_the_form_has_one_file_and_nothing_else(alice_api: APIClient) -> None:
    def codes(data: Any) -> set[tuple[str, str]]:
        answer = alice_api.put(OWN, data, format="multipart")
        return {(error["field"], error["code"]) for error in answer.json()["errors"]}

    assert codes({}) == {("file", "required")}
    assert codes({"file": "text"}) == {("file", "invalid_type")}
    assert codes({"file": SimpleUploadedFile("a.png", picture()), "user": "x"}) == {("user", "unknown_field")}
    assert alice_api.put(OWN, {"file": "x"}, format="json").status_code == 415


def test_a_file_over_five_megabytes_is_413(alice_api: APIClient) -> None:
    refused = [put(alice_api, os.urandom(size)) for size in (5 * 1024 * 1024 + 1, 6 * 1024 * 1024)]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(413, "body_too_large")}


def test_files_that_no_row_names_are_swept_after_an_hour(alice_api: APIClient, monkeypatch: Any) -> None:
    put(alice_api, picture())
    default_storage.save("avatars/left.webp", ContentFile(b"x"))
    assert avatars.sweep() == 0
    monkeypatch.setattr(leftovers, "LEFT_BEHIND", timedelta(seconds=-1))
    assert avatars.sweep() == 1
    assert len(stored()) == 1
