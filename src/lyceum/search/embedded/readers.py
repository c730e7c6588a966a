"""The index of a kind as a process asks it: it follows the writer's commits and switches by itself."""

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import tantivy

from lyceum.search.contracts import Declaration
from lyceum.search.embedded.folders import Folder, Shape, field_name, open_index, shape_of
from lyceum.search.embedded.vocabulary import Vocabulary
from lyceum.search.engine import SearchUnavailable

TRIES = 3
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Reader:
    """One generation at one commit, which stays as it is while somebody asks it."""

    generation: Path
    shape: Shape
    index: tantivy.Index
    schema: tantivy.Schema
    searcher: tantivy.Searcher
    vocabulary: Vocabulary
    committed: Stamp

    @property
    def schema_name(self) -> str:
        return self.shape.schema

    def narrow(self, declaration: Declaration) -> Declaration:
        """Return the declaration with the fields alone that this index has."""
        fields = tuple(one for one in declaration.fields if field_name(one) in self.shape.fields)
        names = {one.name for one in fields}
        similar = tuple(name for name in declaration.similar if name in names)
        return replace(declaration, fields=fields, similar=similar)


class Readers:
    """Gives the newest reader of a kind. To look whether there is a newer one costs two looks at file names."""

    def __init__(self, root: Path, kind: str) -> None:
        self._folder, self._lock = Folder(root, kind), threading.Lock()
        self._reader: Reader | None = None
        self._pointed: Stamp = (0, 0)

    def now(self) -> Reader:
        """Return what is committed now; raises SearchUnavailable while nothing was ever built."""
        for _ in range(TRIES):
            try:
                return self._now()
            except (FileNotFoundError, ValueError) as err:
                # It was switched and dropped between the look at its pointer and the opening.
                self._reader, reason = None, err
        raise SearchUnavailable("This has not been indexed yet. Try again soon.") from reason

    def _now(self) -> Reader:
        pointed = _stamp(self._folder.path / "current")
        reader = self._reader
        if reader is None or pointed != self._pointed:
            with self._lock:
                if self._reader is None or pointed != self._pointed:
                    self._reader, self._pointed = self._open(), pointed
                reader = self._reader
        committed = _stamp(reader.generation / "meta.json")
        if committed != reader.committed:
            with self._lock:
                self._reader = reader = self._follow(self._reader or reader, committed)
        return reader

    def _open(self) -> Reader:
        generation = self._folder.generation("current")
        if generation is None:
            raise FileNotFoundError(self._folder.path)
        committed = _stamp(generation / "meta.json")
        shape, index = shape_of(generation), open_index(generation)
        searcher = index.searcher()
        vocabulary = Vocabulary(searcher, shape.words)
        return Reader(generation, shape, index, index.schema, searcher, vocabulary, committed)

    def _follow(self, reader: Reader, committed: Stamp) -> Reader:
        if reader.committed == committed:
            return reader
        reader.index.reload()
        searcher = reader.index.searcher()
        reader.vocabulary.follow(searcher)
        return replace(reader, searcher=searcher, committed=committed)


def _stamp(path: Path) -> Stamp:
    found = os.stat(path)  # noqa: PTH116  # asked at each search, and twice as fast as Path.stat
    return found.st_mtime_ns, found.st_ino
