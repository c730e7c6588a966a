"""The ZIP of one's own data, opened as people open it: in a browser, by its first page."""

import re
from html import unescape
from io import BytesIO
from urllib.parse import unquote
from zipfile import ZipFile

import pytest

from lyceum.core.archives import Archive


@pytest.mark.parametrize("name", ["notes & maps.txt", "50 % #1?.pdf", "a'b\"c<d>.csv", "größe+ä.png", "x:y"])
def test_the_first_page_leads_to_every_file_whatever_its_name(name: str) -> None:
    with BytesIO() as file:
        archive = Archive(file)
        archive.write_list("profile", [{"id": 1}], title="Profile", about="You.")
        archive.add_file(f"attachments/{name}", BytesIO(b"bytes"))
        archive.finish(about="All.", facts={})
        made = ZipFile(file)
        page = made.read("index.html").decode()
        links = [unescape(link) for link in re.findall(r"<a href='([^']*)'", page)]
        assert not any(character in link for link in links for character in " #?<>\"'")
        assert [unquote(link) for link in links] == ["profile.html", f"attachments/{name}"]
        assert {unquote(link) for link in links} <= set(made.namelist())
