"""Static files as a server collects and serves them, in a folder of the test's own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
from django.utils.functional import empty

from lyceum.core import statics


def forget_what_is_known() -> None:
    staticfiles_storage._wrapped = empty  # type: ignore[attr-defined]
    for known in (statics.import_map, statics.import_map_source, statics.shelf):
        known.cache_clear()


@pytest.fixture
def sources(tmp_path: Path, settings: LazySettings) -> Iterator[Path]:
    """Two modules, a style sheet and a picture in it, instead of the product's own."""
    folder = tmp_path / "sources"
    (folder / "lyceum").mkdir(parents=True)
    (folder / "lyceum" / "a.js").write_text('import "./b.js";\n')
    (folder / "lyceum" / "b.js").write_text("export const b = 1;\n")
    (folder / "lyceum" / "style.css").write_text('body { background: url("dot.svg") }\n')
    (folder / "lyceum" / "dot.svg").write_text("<svg/>")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    forget_what_is_known()
    yield folder / "lyceum"
    forget_what_is_known()


def collect() -> bool:
    forget_what_is_known()
    return statics.collect()


def test_a_second_start_has_nothing_to_do_until_a_file_changes(sources: Path) -> None:
    assert collect()
    assert not collect()
    (sources / "b.js").write_text("export const b = 22;\n")
    assert collect()


def test_a_changed_module_gets_another_address_and_the_map_leads_to_it(sources: Path) -> None:
    collect()
    first = json.loads(statics.import_map())["imports"]
    (sources / "b.js").write_text("export const b = 22;\n")
    collect()
    second = json.loads(statics.import_map())["imports"]

    assert set(first) == {"/static/lyceum/a.js", "/static/lyceum/b.js"}
    assert first["/static/lyceum/b.js"] != second["/static/lyceum/b.js"]
    assert first["/static/lyceum/a.js"] == second["/static/lyceum/a.js"]
    assert re.fullmatch(r"/static/lyceum/b\.[0-9a-f]{12}\.js", second["/static/lyceum/b.js"])


def test_a_style_sheet_names_the_hashed_picture(sources: Path, client: Client) -> None:
    collect()
    address = staticfiles_storage.url("lyceum/style.css")
    assert re.search(rb'url\("dot\.[0-9a-f]{12}\.svg"\)', client.get(address).content)


def test_hashed_files_are_kept_for_ever_and_plain_names_are_gone(sources: Path, client: Client) -> None:
    collect()
    found = client.get(staticfiles_storage.url("lyceum/a.js"))
    again = client.get(staticfiles_storage.url("lyceum/a.js"), headers={"If-None-Match": found["ETag"]})
    written = client.post(staticfiles_storage.url("lyceum/a.js"))

    assert "immutable" in found["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in found
    assert found["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in found["Content-Security-Policy"]
    assert "Cookie" not in found.get("Vary", "")
    assert (again.status_code, again.content) == (304, b"")
    assert written.status_code == 405
    assert client.get("/static/lyceum/a.js").status_code == 404


@pytest.mark.django_db
def test_a_static_file_counts_in_the_wide_class(sources: Path, client: Client, settings: Any) -> None:
    settings.LIMITS_ENABLED = True
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "light": (1000, 2, 60)}
    collect()
    address = staticfiles_storage.url("lyceum/a.js")
    answers = [client.get(address) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"light";q=2;w=60'
    assert answers[0]["RateLimit"].startswith('"light";r=1')
    assert int(answers[2]["Retry-After"]) >= 1
