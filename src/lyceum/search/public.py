"""What other parts may ask of search: to know their documents, to hear of changes, and to find."""

from collections.abc import Iterable
from uuid import UUID

from lyceum.search import queue, registry
from lyceum.search.contracts import Declaration


def declare(declaration: Declaration) -> None:
    """Register a kind of document; from an app's `ready`."""
    registry.declare(declaration)


def changed(kind: str, ids: Iterable[UUID]) -> None:
    """Have documents looked at again, in the caller's transaction: made, changed, hidden or deleted ones alike.

    They are findable, or gone, within a second of the commit. Say so too for what a document shows of others: who
    renames an author names the author's books. Thousands of ids are one statement.
    """
    queue.add(kind, ids)


__all__ = ["changed", "declare"]
