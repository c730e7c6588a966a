"""A ZIP file of what belongs to a person: JSON for programs, and beside each list a page for people."""

import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from tempfile import TemporaryFile
from typing import IO, Any, Literal
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core.json import dump

FORMAT = "lyceum-export"
VERSION = 1
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.4rem .6rem;"
    "border-block-end:1px solid #8886;overflow-wrap:anywhere;white-space:pre-wrap}"
)


class Archive:
    """One ZIP as it is written. Names in it are paths without an ending for lists, which get two files."""

    def __init__(self, file: IO[bytes], mode: Literal["w", "a"] = "w") -> None:
        self._zip = ZipFile(file, mode, ZIP_DEFLATED)
        self._lists: list[tuple[str, object, object, int]] = []
        self._files: list[str] = []

    def write_list(self, name: str, rows: Iterable[Mapping[str, Any]], *, title: object, about: object) -> int:
        """Write rows, each as it comes, to `name`.json and as a table to `name`.html; returns how many there were."""
        count, columns = 0, list[str]()
        with TemporaryFile() as page:
            with self._zip.open(f"{name}.json", "w", force_zip64=True) as data:
                data.write(b"[")
                for row in rows:
                    columns = columns or list(row)
                    data.write((b",\n" if count else b"\n") + dump(row))
                    page.write(_table_row("td", row.values()))
                    count += 1
                data.write(b"\n]\n")
            page.seek(0)
            with self._zip.open(f"{name}.html", "w", force_zip64=True) as told:
                head = f"<p><a href='{'../' * name.count('/')}index.html'>{escape(_('Back'))}</a></p>"
                words = f"{head}<h1>{escape(str(title))}</h1><p>{escape(str(about))}</p><table>"
                told.write(_page(title, words).encode() + _table_row("th", columns))
                shutil.copyfileobj(page, told)
                told.write(b"</table>\n")
        self._lists.append((name, title, about, count))
        return count

    def add_file(self, name: str, file: IO[bytes]) -> None:
        """Copy a file in as it is."""
        with self._zip.open(name, "w", force_zip64=True) as data:
            shutil.copyfileobj(file, data)
        self._files.append(name)

    def finish(self, *, about: object, facts: Mapping[str, Any]) -> None:
        """Write the first page and the list of contents, and close."""
        contents = [{"file": f"{name}.json", "rows": count} for name, _title, _about, count in self._lists]
        contents += [{"file": name} for name in self._files]
        manifest = {"format": FORMAT, "version": VERSION, **facts, "contents": contents}
        self._zip.writestr("manifest.json", dump(manifest))
        self._zip.writestr("index.html", self._index(about))
        self.close()

    def close(self) -> None:
        self._zip.close()

    def _index(self, about: object) -> str:
        rows = [
            f"<tr><th><a href='{quote(name)}.html'>{escape(str(title))}</a></th><td>{escape(str(words))}</td>"
            f"<td>{ngettext('%d entry', '%d entries', count) % count}</td></tr>"
            for name, title, words, count in self._lists
        ]
        rows += [
            f"<tr><th><a href='{quote(name)}'>{escape(name)}</a></th><td></td><td></td></tr>" for name in self._files
        ]
        head = f"<h1>{escape(_('What this workspace holds of you'))}</h1><p>{escape(str(about))}</p>"
        return f"{_page(_('Your data'), head)}<table>{''.join(rows)}</table>\n"


def _page(title: object, words: str) -> str:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(str(title))}</title>'
    return f"{head}<style>{STYLE}</style>{words}"


def _table_row(cell: str, values: Iterable[Any]) -> bytes:
    cells = "".join(f"<{cell}>{escape(_words(value))}</{cell}>" for value in values)
    return f"<tr>{cells}</tr>\n".encode()


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return dump(value).decode() if isinstance(value, (dict, list)) else str(value)
