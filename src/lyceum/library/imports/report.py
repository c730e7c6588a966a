"""What came of an import."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lyceum.library.imports.entries import Row

Say = Callable[[str], None]
# Of more a person reads the file.
MOST_SHOWN = 20


def silent(sentence: str) -> None:
    """Say nothing."""


@dataclass
class Report:
    """How many rows were new, changed something, or said what was known; and which were refused, by line."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)

    def refuse(self, rows: Iterable[Row]) -> None:
        """Note those of some rows that are refused."""
        self.refused += [(row.line, row.fault.field, row.fault.why) for row in rows if row.fault is not None]

    @property
    def rows(self) -> int:
        return self.added + self.changed + self.unchanged + len(self.refused)

    def sentences(self) -> list[str]:
        counts = f"{self.added:,} added, {self.changed:,} changed, {self.unchanged:,} as before"
        found = [f"{self.rows:,} rows: {counts}, {len(self.refused):,} refused."]
        found += [f"  line {line}: {name}: {why}" for line, name, why in self.refused[:MOST_SHOWN]]
        if len(self.refused) > MOST_SHOWN:
            found.append(f"  and {len(self.refused) - MOST_SHOWN:,} more; --report FILE writes all of them.")
        return found

    def write(self, path: Path) -> None:
        """Write the refused rows as a table."""
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("line", "field", "reason"), *self.refused])
