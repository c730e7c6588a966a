"""What everybody did and saw during a run, in the order in which it was seen: the only thing that checkers look at."""

import itertools
import os
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

# `ok`, `fail` (it surely did not happen) and `unknown` end what `invoke` began; `saw` is what somebody was told;
# `note` is what the run itself knows: who is a member, which fault began, when all was mended.
Phase = Literal["invoke", "ok", "fail", "unknown", "saw", "note"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: `at` in seconds since the run began; `op` binds what ends an operation to what began it."""

    at: float
    who: str
    phase: Phase
    act: str
    op: int = 0
    value: dict[str, Any] = {}


class History:
    """Entries in memory and as JSON lines in a file, which outlives the run when it is `kept`."""

    def __init__(self, *, seed: int) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f"chaos-{seed}-", suffix=".jsonl")
        self.path, self.seed = Path(name), seed
        self.entries: list[Entry] = []
        self._file = os.fdopen(descriptor, "wb")
        self._encode = msgspec.json.Encoder().encode
        self._began = time.monotonic()
        self._numbers = itertools.count(1)
        self.note("begins", seed=seed, clock=datetime.now(UTC).isoformat())

    def now(self) -> float:
        return round(time.monotonic() - self._began, 6)

    def _add(self, who: str, phase: Phase, act: str, op: int, value: dict[str, Any]) -> None:
        entry = Entry(self.now(), who, phase, act, op, value)
        self.entries.append(entry)
        self._file.write(self._encode(entry) + b"\n")

    def invoke(self, who: str, act: str, **value: Any) -> int:
        """Note that an operation begins; its number goes into what ends it."""
        op = next(self._numbers)
        self._add(who, "invoke", act, op, value)
        return op

    def end(self, who: str, phase: Phase, act: str, op: int, **value: Any) -> None:
        self._add(who, phase, act, op, value)

    def saw(self, who: str, act: str, **value: Any) -> None:
        self._add(who, "saw", act, 0, value)

    def note(self, act: str, **value: Any) -> None:
        self._add("run", "note", act, 0, value)

    def close(self, *, kept: bool) -> None:
        self._file.close()
        if not kept:
            self.path.unlink(missing_ok=True)


def load(path: Path) -> list[Entry]:
    """Read the entries of a kept history."""
    decode = msgspec.json.Decoder(Entry).decode
    with path.open("rb") as lines:
        return [decode(line) for line in lines]


def ended(entries: Iterable[Entry]) -> dict[int, Entry]:
    """Return what ended each operation, by its number."""
    return {entry.op: entry for entry in entries if entry.phase in ("ok", "fail", "unknown")}
