"""Search by Tantivy in files of this machine: one process writes, any number read and follow it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import structlog

from lyceum.search.contracts import Change, Completed, Declaration, Filter, Hit, SearchAnswer, SearchRequest, Stored
from lyceum.search.embedded.answering import answer
from lyceum.search.embedded.completing import complete
from lyceum.search.embedded.folders import Folder, fits, open_index, schema_name
from lyceum.search.embedded.likening import like_this
from lyceum.search.embedded.readers import Reader, Readers
from lyceum.search.embedded.walking import walk
from lyceum.search.embedded.writers import Writer
from lyceum.search.engine import Health, SearchUnavailable

log = structlog.get_logger("lyceum.search")


class TantivyEngine:
    """The indexes of all kinds in one folder; see `SearchEngine` for what each method promises."""

    name = "tantivy"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._readers: dict[str, Readers] = {}
        self._current: dict[str, Writer] = {}
        self._building: dict[str, Writer] = {}

    # Writing

    def prepare(self, declaration: Declaration) -> bool:
        kind, folder = declaration.kind, Folder(self._root, declaration.kind)
        generation = folder.generation("current")
        is_new = generation is None or not _opens(generation)
        if generation is None or is_new:
            generation = folder.make(declaration, "current")
        folder.tidy()
        self._current.pop(kind, None)
        is_fitting = fits(generation, declaration)
        if is_fitting:
            self._current[kind] = Writer(generation)
        return is_fitting and not is_new

    def apply(self, declaration: Declaration, changes: Sequence[Change], *, building: bool = False) -> None:
        writer = (self._building if building else self._current).get(declaration.kind)
        # What stands there has another schema, and is soon replaced by what is being built.
        if writer is not None:
            writer.apply(declaration, changes)

    def commit(self, kind: str, *, building: bool = False) -> None:
        writer = (self._building if building else self._current).get(kind)
        if writer is not None:
            writer.commit()

    def begin(self, declaration: Declaration) -> None:
        self.discard(declaration.kind)
        generation = Folder(self._root, declaration.kind).make(declaration, "building")
        self._building[declaration.kind] = Writer(generation)

    def resume(self, declaration: Declaration) -> bool:
        kind = declaration.kind
        generation = Folder(self._root, kind).generation("building")
        if generation is None or not fits(generation, declaration) or not _opens(generation):
            return False
        if kind not in self._building:
            self._building[kind] = Writer(generation)
        return True

    def switch(self, kind: str) -> None:
        writer = self._building.pop(kind)
        writer.commit()
        old = self._current.pop(kind, None)
        if old is not None:
            old.close()
        Folder(self._root, kind).switch()
        self._current[kind] = writer

    def discard(self, kind: str) -> None:
        writer = self._building.pop(kind, None)
        if writer is not None:
            writer.close()
        Folder(self._root, kind).discard()

    def close(self) -> None:
        """Give the locks of the writers back; what was not committed is lost."""
        for writer in [*self._current.values(), *self._building.values()]:
            writer.close()
        self._current.clear()
        self._building.clear()

    # Asking

    def search(self, declaration: Declaration, request: SearchRequest) -> SearchAnswer:
        with _asked(self._reader(declaration.kind), declaration) as (reader, known):
            return answer(known, reader, request)

    def complete(self, declaration: Declaration, text: str, *, visible: Filter, size: int) -> list[Completed]:
        with _asked(self._reader(declaration.kind), declaration) as (reader, known):
            return complete(known, reader, text, visible, size)

    def more_like_this(
        self, declaration: Declaration, document_id: UUID, *, visible: Filter, size: int
    ) -> list[Hit] | None:
        with _asked(self._reader(declaration.kind), declaration) as (reader, known):
            return like_this(known, reader, document_id, visible, size)

    def count(self, kind: str, *, building: bool = False) -> int:
        return self._building[kind].count() if building else self._reader(kind).searcher.num_docs

    def stored(self, kind: str) -> Iterator[Stored]:
        reader = self._reader(kind)
        yield from walk(reader.searcher, reader.schema)

    def health(self) -> Health:
        documents: dict[str, int | None] = {}
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            if folder.is_dir():
                try:
                    documents[folder.name] = self.count(folder.name)
                except SearchUnavailable:
                    documents[folder.name] = None
        return Health(True, documents)

    def _reader(self, kind: str) -> Reader:
        readers = self._readers.get(kind) or self._readers.setdefault(kind, Readers(self._root, kind))
        return readers.now()


@contextmanager
def _asked(reader: Reader, declaration: Declaration) -> Iterator[tuple[Reader, Declaration]]:
    """Ask of an index of an older declaration only what it has, until the new one has taken its place."""
    if reader.schema_name == schema_name(declaration):
        yield reader, declaration
        return
    try:
        yield reader, reader.narrow(declaration)
    except (ValueError, KeyError) as err:
        raise SearchUnavailable("This is being indexed anew. Try again soon.") from err


def _opens(generation: Path) -> bool:
    try:
        open_index(generation)
    except ValueError as err:
        log.warning("index_damaged", generation=str(generation), error=str(err))
        return False
    return True
