"""Compares an index with the database, document by document, and mends what differs."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from lyceum.search import queue
from lyceum.search.contracts import Declaration
from lyceum.search.engine import SearchEngine
from lyceum.search.indexing import load
from lyceum.search.models import PendingChange

AT_ONCE = 500
# Changes of now are on their way; only what is different afterwards is a difference.
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Difference:
    """The ids of one kind that are not as the database says."""

    missing: frozenset[UUID] = frozenset()
    changed: frozenset[UUID] = frozenset()
    gone: frozenset[UUID] = frozenset()
    compared: int = 0

    @property
    def ids(self) -> frozenset[UUID]:
        return self.missing | self.changed | self.gone


def compare(
    engine: SearchEngine,
    declaration: Declaration,
    *,
    patience: float = PATIENCE_SECONDS,
    wait: Callable[[float], None] = time.sleep,
) -> Difference:
    """Compare every document of a kind; those that wait for the indexer get their time first."""
    first = _compared(engine, declaration, None)
    if not first.ids:
        return first
    ends = time.monotonic() + patience
    while _waiting(declaration.kind, first.ids) and time.monotonic() < ends:
        wait(0.1)
    again = _compared(engine, declaration, first.ids)
    return Difference(again.missing, again.changed, again.gone, first.compared)


def mend(declaration: Declaration, found: Difference) -> None:
    """Have what differs looked at again."""
    queue.add(declaration.kind, found.ids)


def _compared(engine: SearchEngine, declaration: Declaration, only: frozenset[UUID] | None) -> Difference:
    stored = {one.id: one.digest for one in engine.stored(declaration.kind) if only is None or one.id in only}
    missing, changed, compared = set(), set(), 0
    for part in _parts(declaration, only):
        # An id whose document does not come back is gone, and so remains among those stored.
        for document in load(declaration, part).values():
            compared += 1
            digest = stored.pop(document.id, None)
            if digest is None:
                missing.add(document.id)
            elif digest != document.digest:
                changed.add(document.id)
    return Difference(frozenset(missing), frozenset(changed), frozenset(stored), compared)


def _parts(declaration: Declaration, only: frozenset[UUID] | None) -> Iterator[list[UUID]]:
    ids = iter(declaration.ids(None) if only is None else sorted(only))
    while part := list(islice(ids, AT_ONCE)):
        yield part


def _waiting(kind: str, ids: frozenset[UUID]) -> bool:
    return PendingChange.objects.filter(kind=kind, document_id__in=ids).exists()
