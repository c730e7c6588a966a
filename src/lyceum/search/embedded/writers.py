"""Writes one generation; Tantivy lets only one process do so at a time."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import tantivy
from tantivy import Query as TQuery

from lyceum.search.contracts import Change, Declaration
from lyceum.search.embedded import shapes
from lyceum.search.embedded.folders import open_index

# One thread makes one piece a commit; a second one would make two, and every piece costs each search a little.
THREADS = 1
HEAP_BYTES = 64 * 1024 * 1024


class Writer:
    """Adds and takes out documents by their id, never an older version in the place of a newer one."""

    def __init__(self, generation: Path) -> None:
        self._index = open_index(generation)
        self._writer: tantivy.IndexWriter | None = self._index.writer(HEAP_BYTES, THREADS)
        self._applied: dict[UUID, int] = {}

    def apply(self, declaration: Declaration, changes: Sequence[Change]) -> None:
        assert self._writer is not None
        known = self._versions(change.id for change in changes)
        for change in changes:
            if known.get(change.id, -1) > change.version:
                continue
            known[change.id] = self._applied[change.id] = change.version
            self._writer.delete_documents_by_term(shapes.KEY, change.id.hex)
            if change.document is not None:
                self._writer.add_document(shapes.entry(declaration, change))

    def commit(self) -> None:
        assert self._writer is not None
        self._writer.commit()
        self._applied.clear()
        self._index.reload()

    def count(self) -> int:
        return self._index.searcher().num_docs

    def close(self) -> None:
        """Let another process write; what was not committed is dropped."""
        self._writer = None

    def _versions(self, ids: Iterable[UUID]) -> dict[UUID, int]:
        """Return the versions of those that are there, committed or not."""
        asked = list(dict.fromkeys(ids))
        searcher = self._index.searcher()
        found = {}
        if searcher.num_docs and asked:
            keys = TQuery.term_set_query(self._index.schema, shapes.KEY, [one.hex for one in asked])
            addresses = [address for _, address in searcher.search(keys, len(asked), count=False).hits]
            versions = searcher.fast_field_values(shapes.VERSION, addresses)
            found = dict(zip(shapes.ids_of(searcher, addresses), map(int, versions), strict=True))  # type: ignore[arg-type]
        return found | {one: self._applied[one] for one in asked if one in self._applied}
