"""Parts of files (RFC 9110, section 14): one range at a time, as players of sound ask for."""

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
PIECE = 64 * 1024


class Part(NamedTuple):
    """The first and the last byte of a part."""

    first: int
    last: int

    def pieces(self, file: IO[bytes]) -> Iterator[bytes]:
        """Read the part, and close the file at its end."""
        with file:
            file.seek(self.first)
            left = self.last - self.first + 1
            while left > 0 and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


def part_of(header: str, size: int) -> Part | None:
    """Return the part that a `Range` asks for; None for the whole. Raises ValueError for what lies beyond the end."""
    found = RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    begin, end = found.groups()
    if not begin:
        part = Part(max(0, size - int(end)), size - 1)
    else:
        part = Part(int(begin), min(int(end), size - 1) if end else size - 1)
        if end and int(end) < int(begin):
            return None
    if part.first >= size or part.last < part.first:
        raise ValueError("The range begins beyond the end.")
    return part
