"""A kind of documents for tests of meaning: short texts in memory, each of which some people may see."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from lyceum.search import registry
from lyceum.search.contracts import (
    Boolean,
    Date,
    Declaration,
    Document,
    Filter,
    IsOneOf,
    Keyword,
    Number,
    Point,
    Text,
)


@dataclass(frozen=True)
class Tale:
    id: UUID
    title: str
    text: str
    readers: tuple[str, ...] = ("alice", "bob", "charlie")
    year: int | None = 2000
    told_on: date | None = date(2020, 1, 31)
    is_old: bool = False
    place: tuple[float, float] | None = None


class Tales:
    """What the database would hold; `loads` counts how often it was read."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Tale] = {}
        self.loads = 0
        self.declaration = Declaration(
            "tale",
            (
                Text("title", boost=3),
                Text("text"),
                Keyword("readers"),
                Number("year"),
                Date("told_on"),
                Boolean("is_old"),
                Point("place"),
            ),
            load=self._load,
            ids=self._ids,
            visible=visible,
            meaning=("title", "text"),
        )

    def add(self, *tales: Tale) -> None:
        self.rows |= {tale.id: tale for tale in tales}

    def change(self, number: int, **values: object) -> None:
        self.rows[key(number)] = replace(self.rows[key(number)], **values)  # type: ignore[arg-type]

    def documents(self, *numbers: int) -> dict[UUID, Document | None]:
        found = {document.id: document for document in self._load([key(number) for number in numbers])}
        return {key(number): found.get(key(number)) for number in numbers}

    def _load(self, ids: Sequence[UUID]) -> list[Document]:
        self.loads += 1
        return [_document(self.rows[one]) for one in ids if one in self.rows]

    def _ids(self, after: UUID | None) -> Iterable[UUID]:
        return [one for one in sorted(self.rows) if after is None or one > after]


def key(number: int) -> UUID:
    return UUID(int=number)


def numbers(ids: Iterable[UUID]) -> list[int]:
    return [one.int for one in ids]


def visible(asker: str) -> Filter:
    return IsOneOf("readers", (asker,))


def _document(tale: Tale) -> Document:
    values = {
        "title": tale.title,
        "text": tale.text,
        "readers": list(tale.readers),
        "year": tale.year,
        "told_on": tale.told_on,
        "is_old": tale.is_old,
        "place": tale.place,
    }
    return Document(tale.id, tale.title, f"/tales/{tale.id}/", values, language="en", popularity=0.5)


@contextmanager
def told() -> Iterator[Tales]:
    """Declare the kind, with three tales, until the block ends."""
    tales = Tales()
    registry.declare(tales.declaration)
    tales.add(
        Tale(key(1), "The postman", "A dog barks at the man who brings letters and runs through the garden."),
        Tale(key(2), "Money", "Interest rates of the central bank rise with inflation.", year=1990, is_old=True),
        Tale(key(3), "Ash", "The volcano threw ash and lava over the harbour.", place=(15.0, 37.7)),
    )
    try:
        yield tales
    finally:
        registry.forget("tale")
