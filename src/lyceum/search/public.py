"""What other parts may ask of search: to know their documents, to hear of changes, and to find."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lyceum.search import engines, following, hybrid, queue, registry, sections
from lyceum.search.contracts import (
    Completed,
    Declaration,
    Facet,
    Filter,
    Hit,
    SearchAnswer,
    SearchRequest,
    SecondPass,
    Sort,
)
from lyceum.search.query import parse
from lyceum.search.sections import Everything, Found, Section

# From how many characters on texts are offered while typing (spec, "autocomplete").
SHORTEST_START = 2


def declare(declaration: Declaration) -> None:
    """Register a kind of document; from an app's `ready`."""
    registry.declare(declaration)


def changed(kind: str, ids: Iterable[UUID]) -> None:
    """Have documents looked at again, in the caller's transaction: made, changed, hidden or deleted ones alike.

    They are findable, or gone, within a second of the commit. Say so too for what a document shows of others: who
    renames an author names the author's books. Thousands of ids are one statement.
    """
    queue.add(kind, ids)


def search(
    kind: str,
    text: str,
    *,
    asker: Any,
    selections: Mapping[str, Filter] | None = None,
    facets: tuple[Facet, ...] = (),
    sort: Sort | None = None,
    offset: int = 0,
    size: int = 20,
    cursor: str = "",
    highlights: tuple[str, ...] = (),
    is_open: bool = False,
    second_pass: SecondPass | None = None,
    by_meaning: bool = False,
) -> SearchAnswer:
    """Find documents of a kind that the asker may see; no text finds all of them, the most popular first.

    Narrow by `selections`, by name: a facet of the same name does not count under it. `is_open` is for somebody who
    is still typing. `second_pass` orders the best 200 anew. Where nothing is found `did_you_mean` says what would.
    With `by_meaning` what the text means is found beside its words, and both decide the order (`search.hybrid`).
    Raises SearchUnavailable, and WrongCursor for a cursor of another search.
    """
    declaration = registry.get(kind)
    request = SearchRequest(
        kind,
        parse(text, declaration, is_open=is_open),
        declaration.visible(asker),
        selections or {},
        facets,
        sort,
        offset,
        size,
        cursor,
        highlights,
        suggest=True,
        second_pass=second_pass,
    )
    engine = engines.current()
    return hybrid.search(engine, declaration, request) if by_meaning else engine.search(declaration, request)


def complete(kind: str, text: str, *, asker: Any, size: int = 10) -> list[Completed]:
    """Offer texts that begin as typed, from two characters on, the most popular first; slips are forgiven."""
    if len(text.strip()) < SHORTEST_START:
        return []
    declaration = registry.get(kind)
    return engines.current().complete(declaration, text[:200], visible=declaration.visible(asker), size=size)


def similar(kind: str, document_id: UUID, *, asker: Any, size: int = 10) -> list[Hit] | None:
    """Return documents like one; None where the asker sees no such document in the index."""
    declaration = registry.get(kind)
    visible = declaration.visible(asker)
    return engines.current().more_like_this(declaration, document_id, visible=visible, size=size)


def show(section: Section) -> None:
    """Have a declared kind found among everything, in the order of these calls; from an app's `ready`."""
    sections.show(section)


def kinds_shown() -> list[str]:
    """Return the kinds that are found among everything."""
    return [section.kind for section in sections.shown(None)]


def everything(
    text: str,
    *,
    asker: Any,
    kinds: Collection[str] = (),
    granted: Collection[str] | None = None,
    size: int = 5,
    is_open: bool = False,
) -> Everything:
    """Find what the asker may see of all kinds, or of some; `granted` are the scopes of their credentials, if bound."""
    asked = [section for section in sections.shown(granted) if not kinds or section.kind in kinds]
    return sections.ask_all(search, text, asker=asker, sections=asked, size=size, is_open=is_open)


def follow(look: Callable[[], int]) -> None:
    """Have the indexer call this several times a second, to note changes of a log that grows too fast for `changed`.

    It returns how many it noted. It is for what cannot pay for a row beside each change.
    """
    following.follow(look)


@dataclass(frozen=True)
class IndexState:
    """How far the index is behind the database, and how many documents of each kind it holds."""

    is_well: bool
    waiting: int
    oldest_seconds: float
    documents: Mapping[str, int]


def state() -> IndexState:
    """Say how the index is; raises only when the database does not answer."""
    health = engines.current().health()
    waiting, oldest = queue.depth()
    documents = {kind: count for kind, count in health.documents.items() if count is not None}
    return IndexState(health.is_well, waiting, oldest, documents)


__all__ = [
    "Everything",
    "Found",
    "IndexState",
    "Section",
    "changed",
    "complete",
    "declare",
    "everything",
    "follow",
    "kinds_shown",
    "search",
    "show",
    "similar",
    "state",
]
