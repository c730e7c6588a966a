"""A kind of document for the tests: stones of a collection, kept in memory instead of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lyceum.search.contracts import (
    AnyOf,
    Boolean,
    Completion,
    Date,
    Declaration,
    Document,
    Everything,
    Filter,
    IsOneOf,
    Keyword,
    Number,
    Point,
    Text,
)

FIELDS = (
    Text("name", boost=3),
    Text("finder", boost=2, by_language=False),
    Text("story"),
    Keyword("colours"),
    Keyword("owner"),
    Number("price"),
    Date("found_on"),
    Boolean("is_public"),
    Point("place"),
    Completion("start"),
)


def stone(number: int, name: str, *, language: str = "en", popularity: float = 0.0, **values: Any) -> Document:
    """Make a stone whose id says its number; what is not given it has not."""
    given = {"name": name, "start": name, "is_public": True, **values}
    return Document(stone_id(number), name, f"/stones/{number}/", given, language, popularity)


def stone_id(number: int) -> UUID:
    return UUID(int=(0x0192 << 112) | (7 << 76) | (8 << 60) | number)


@dataclass
class Stones:
    """The collection: what the database would be."""

    kept: dict[UUID, Document] = field(default_factory=dict)

    def load(self, ids: Sequence[UUID]) -> Iterable[Document]:
        return [self.kept[one] for one in ids if one in self.kept]

    def ids(self, after: UUID | None) -> Iterable[UUID]:
        return [one for one in sorted(self.kept) if after is None or one > after]

    def visible(self, asker: Any) -> Filter:
        if asker == "curator":
            return Everything()
        return AnyOf((IsOneOf("is_public", (True,)), IsOneOf("owner", (str(asker),))))

    def declaration(self, kind: str = "stones") -> Declaration:
        return Declaration(
            kind=kind,
            fields=FIELDS,
            load=self.load,
            ids=self.ids,
            visible=self.visible,
            similar=("name", "story", "colours"),
            aliases={"by": "finder", "colour": "colours"},
        )
