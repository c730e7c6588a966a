"""XML read element by element, within bounds: no DTD, no entities of its own, nothing deep, nothing endless; pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

DEEPEST, MOST_PARTS, MOST_TEXT = 40, 20_000, 4 * 1024 * 1024
CHUNK = 64 * 1024
# What begins a new line in a text with markup.
BLOCKS = {"p", "br", "li", "div", "h1", "h2", "h3", "h4", "h5", "h6"}


class Unreadable(Exception):
    """The file is no XML that is read here, with a sentence that says why."""


@dataclass
class Part:
    """An element: its name without prefix, its text and what stands in it."""

    name: str
    line: int
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    parts: list["Part"] = field(default_factory=list)

    def all(self, *way: str) -> list["Part"]:
        """Return the elements at the end of a way of names."""
        found = [self]
        for name in way:
            found = [part for one in found for part in one.parts if part.name == name]
        return found

    def first(self, *way: str) -> str:
        """Return the text of the first element at the end of a way; empty where there is none."""
        return next((part.text.strip() for part in self.all(*way)), "")


class _Reader:
    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self._open: list[Part] = []
        self._depth = self._count = self._size = 0
        self.done: deque[Part] = deque()
        self.root = ""
        # Text as it comes, put together when its element ends.
        self._texts: list[list[str]] = []
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._say

    def _refuse(self, *declaration: Any) -> None:
        raise Unreadable("It begins with a DOCTYPE, which is not read: ONIX 3 has none.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = name.rpartition(":")[2]
        self.root = self.root or name
        if self._depth > DEEPEST:
            raise Unreadable(f"Line {self.parser.CurrentLineNumber}: elements stand deeper than {DEEPEST} levels.")
        if not self._open and name not in self._wanted:
            return
        if not self._open:
            self._count = self._size = 0
        self._count += 1
        if self._count > MOST_PARTS:
            raise Unreadable(f"Line {self.parser.CurrentLineNumber}: one product has more than {MOST_PARTS} elements.")
        part = Part(name, self.parser.CurrentLineNumber, attributes=attributes)
        if self._open:
            self._open[-1].parts.append(part)
        self._open.append(part)
        self._texts.append([])

    def _end(self, name: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        part, texts = self._open.pop(), self._texts.pop()
        part.text = "".join(texts)
        if self._open:
            # What stands in markup, as of a description, is text of the element around it too.
            self._texts[-1].append(part.text + "\n" * (part.name in BLOCKS))
        else:
            self.done.append(part)

    def _say(self, text: str) -> None:
        if self._open:
            self._size += len(text)
            if self._size > MOST_TEXT:
                raise Unreadable(f"Line {self.parser.CurrentLineNumber}: one product has more than 4 MB of text.")
            self._texts[-1].append(text)


def elements(file: IO[bytes], *names: str) -> Iterator[Part]:
    """Yield each element of these names as soon as it ends, the root first as an empty one; raises Unreadable."""
    reader = _Reader(frozenset(names))
    is_told = False
    while True:
        chunk = file.read(CHUNK)
        try:
            reader.parser.Parse(chunk, not chunk)
        except expat.ExpatError as err:
            raise Unreadable(f"Line {err.lineno}: this is no XML ({expat.ErrorString(err.code)}).") from err
        if reader.root and not is_told:
            is_told = True
            yield Part(reader.root, 1)
        while reader.done:
            yield reader.done.popleft()
        if not chunk:
            return
