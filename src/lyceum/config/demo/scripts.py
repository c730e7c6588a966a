"""What the demo people say, read from the YAML files in `content/`.

A line is `HH:MM name: text` under a day, counted back from today, or `minutes name: text` under `ago`. Beside it stand
`id` (a name for replies), `to` (the id it replies to), `reactions` (`emoji: names`), `edited` (minutes later),
`deleted` and `files` (names in `files.py`). `unread` says how many of the last lines a person has not read.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import yaml

CONTENT = Path(__file__).parent / "content"
# The school's clock; Western Australia has no summer time.
ZONE = timezone(timedelta(hours=8))
WHEN_WHO = re.compile(r"(?:(\d\d):(\d\d)|(\d+)) (\w+)")


class Line(msgspec.Struct, forbid_unknown_fields=True):
    who: str
    at: datetime
    text: str
    id: str | None = None
    to: str | None = None
    reactions: dict[str, str] = {}
    edited: int | None = None
    deleted: bool = False
    files: list[str] = []


class Script(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    members: list[str]
    days: list[dict[str, Any]]
    name: str | None = None
    owners: list[str] = []
    retention: str = "permanent"
    unread: dict[str, int] = {}
    notice: str = ""

    @property
    def people(self) -> list[str]:
        return [*self.owners, *self.members]

    def lines(self, now: datetime) -> list[Line]:
        """Return what is said, with times that end a few minutes before `now`."""
        return [line for day in self.days for line in _lines(day, now)]


def scripts() -> list[Script]:
    found: list[Script] = []
    for path in sorted(CONTENT.glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += msgspec.convert(data if isinstance(data, list) else [data], list[Script])
    return found


def _lines(day: dict[str, Any], now: datetime) -> Iterator[Line]:
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight += timedelta(days=day.get("day", 0))
    for entry in day.get("said") or day["ago"]:
        head, text = next(iter(entry.items()))
        fields = {name: value for name, value in entry.items() if name != head}
        match = WHEN_WHO.fullmatch(head)
        if match is None:
            raise ValueError(f"A line begins with its time and who says it, not with {head!r}.")
        hours, minutes, ago, who = match.groups()
        at = now - timedelta(minutes=int(ago)) if ago else midnight + timedelta(hours=int(hours), minutes=int(minutes))
        yield msgspec.convert({**fields, "who": who, "at": at, "text": text.strip()}, Line)
