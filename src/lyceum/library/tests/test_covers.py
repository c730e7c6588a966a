"""Covers: drawn where there is none, redrawn where one is sent."""

import io
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rest_framework.test import APIClient

from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.library import covers, drawn
from lyceum.library.testing import make_book

SVG = "{http://www.w3.org/2000/svg}"


def picture(size: tuple[int, int] = (900, 1500)) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", size, "navy").save(file, "PNG")
    return SimpleUploadedFile("cover.png", file.getvalue(), "image/png")


def test_a_drawn_cover_names_the_book_and_is_always_the_same() -> None:
    one = drawn.cover("Maps & <Rocks>", "Ada Writer")
    root = ElementTree.fromstring(one)
    assert root.get("aria-label") == root.find(f"{SVG}title").text == "Maps & <Rocks>, Ada Writer"  # type: ignore[union-attr]
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert words == "Maps & <Rocks> Ada Writer"
    assert one == drawn.cover("Maps & <Rocks>", "Ada Writer") != drawn.cover("Maps", "Ada Writer")


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Frankenstein", ["Frankenstein"]),
        ("Understanding Mineral Deposits", ["Understanding", "Mineral", "Deposits"]),
        ("Life: An Unauthorised Biography", ["Life: An", "Unauthorised", "Biography"]),
    ],
)
def test_words_of_a_title_stay_whole_and_within_the_cover(title: str, lines: list[str]) -> None:
    root = ElementTree.fromstring(drawn.cover(title, "Ada Writer"))
    assert [text.text for text in root.iter(f"{SVG}text")] == [*lines, "Ada Writer"]


@pytest.mark.parametrize("words", range(1, 60))
def test_a_title_ends_above_the_authors(words: int) -> None:
    root = ElementTree.fromstring(drawn.cover("Komatiite " * words, "Richard J. Lisle, Peter R. Leyshon"))
    lines = [(float(text.get("y", "0")), text.text) for text in root.iter(f"{SVG}text")]
    *_title, last, first_author, _second = lines
    assert last[0] + 20 < first_author[0]


@given(st.text(max_size=600), st.text(max_size=300))
def test_every_name_makes_a_cover_that_is_well_formed(title: str, author: str) -> None:
    root = ElementTree.fromstring(drawn.cover(title, author))
    assert all(float(text.get("y", "0")) < drawn.HEIGHT for text in root.iter(f"{SVG}text"))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_is_written_on_a_cover_can_be_read() -> None:
    for pair in drawn.COLOURS:
        low, high = sorted(map(luminance, pair))
        assert (high + 0.05) / (low + 0.05) >= 7, pair


@pytest.mark.django_db
def test_a_cover_is_there_for_every_book_and_kept_by_its_version(api: APIClient) -> None:
    book = make_book("Maps")
    url = api.get(f"/api/v1/books/{book.pk}/").json()["cover"]
    shown = api.get(url)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert "immutable" in shown["Cache-Control"]
    assert "sandbox" in shown["Content-Security-Policy"]
    assert api.get(url, headers={"If-None-Match": shown["ETag"]}).status_code == 304
    assert api.get(url.partition("?")[0])["Cache-Control"] == "private, no-cache"


@pytest.mark.django_db
def test_staff_set_a_cover_and_take_it_away(
    api: APIClient, alice_api: APIClient, staff_api: APIClient, django_capture_on_commit_callbacks: Any
) -> None:
    book = make_book("Maps")
    path = f"/api/v1/books/{book.pk}/cover/"
    check_problem(alice_api.put(path, {"file": picture()}, format="multipart"), 403, "forbidden")
    answer = staff_api.put(path, {"file": picture()}, format="multipart")
    assert answer.status_code == 200, answer.content
    shown = api.get(answer.json()["cover"])
    assert shown["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(b"".join(shown.streaming_content))) as found:
        assert found.size == (720, 1200)
    book.refresh_from_db()
    file = covers.path_of(book.cover)
    with django_capture_on_commit_callbacks(execute=True):
        assert staff_api.delete(path, headers={"If-Match": answer["ETag"]}).status_code == 204
    assert not default_storage.exists(file)
    assert api.get(path)["Content-Type"].startswith("image/svg+xml")


@pytest.mark.django_db
def test_what_is_no_picture_is_refused(staff_api: APIClient) -> None:
    path = f"/api/v1/books/{make_book('Maps').pk}/cover/"
    svg = SimpleUploadedFile("cover.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png")
    assert field_codes(staff_api.put(path, {"file": svg}, format="multipart")) == {("file", "invalid")}
