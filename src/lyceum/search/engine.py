"""What a search engine does; Tantivy and OpenSearch pass the same suite (`search/tests/engine_suite.py`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from lyceum.core.errors import Invalid, Unavailable
from lyceum.search.contracts import Change, Completed, Declaration, Filter, Hit, SearchAnswer, SearchRequest, Stored


class SearchUnavailable(Unavailable):
    """The engine does not answer, or an index has not been built yet; it passes by itself."""

    code = "search.unavailable"
    title = "Search is not available now. Try again soon."


class WrongCursor(Invalid):
    """A cursor that no answer gave, or one from another question."""

    code = "search.wrong_cursor"
    title = "This cursor is from another search. Begin again without it."


@dataclass(frozen=True)
class Health:
    """Whether the engine answers, and for each kind how many documents it holds; None where there is no index."""

    is_well: bool
    documents: dict[str, int | None]
    reason: str = ""


class SearchEngine(Protocol):
    """The indexes of all kinds, each with one generation that is asked, and at most one that is being built.

    One process writes (`prepare`, `apply`, `commit` and the four of a generation), any number ask. What asks raises
    SearchUnavailable when it cannot answer, and never waits longer than a few seconds for it.
    """

    name: str

    def prepare(self, declaration: Declaration) -> bool:
        """Make ready to write a kind; an index that is not there is made, empty.

        Returns whether what stands there fits the declaration: False for one just made or of another schema, which
        goes on answering until another generation is built and takes its place.
        """
        ...

    def apply(self, declaration: Declaration, changes: Sequence[Change], *, building: bool = False) -> None:
        """Take changes in bulk into the current generation, or into the one being built.

        They are seen and safe only after `commit`; a crash before loses them whole. Applied again they change nothing.
        """
        ...

    def commit(self, kind: str, *, building: bool = False) -> None:
        """Make what was applied safe on disk, and seen by all who ask within a second; at once in this process."""
        ...

    def begin(self, declaration: Declaration) -> None:
        """Begin an empty generation of this declaration's schema beside the current one; one half-built is dropped."""
        ...

    def resume(self, declaration: Declaration) -> bool:
        """Go on with the generation that was being built before this process, as of its last commit.

        Returns False where there is none of this schema.
        """
        ...

    def switch(self, kind: str) -> None:
        """Let the built generation be asked instead of the current one, in one step, and drop that one.

        Questions that run meanwhile are answered whole from either.
        """
        ...

    def discard(self, kind: str) -> None:
        """Drop a generation that is being built, if there is one."""
        ...

    def search(self, declaration: Declaration, request: SearchRequest) -> SearchAnswer:
        """Answer a question; raises WrongCursor for a cursor that does not belong to it."""
        ...

    def complete(self, declaration: Declaration, text: str, *, visible: Filter, size: int) -> list[Completed]:
        """Offer texts that begin as typed, typing errors forgiven, the most popular first, each text once."""
        ...

    def more_like_this(
        self, declaration: Declaration, document_id: UUID, *, visible: Filter, size: int
    ) -> list[Hit] | None:
        """Return other documents with the same telling words; None where the asker sees no such document."""
        ...

    def count(self, kind: str, *, building: bool = False) -> int:
        """Count the documents that are committed."""
        ...

    def stored(self, kind: str) -> Iterator[Stored]:
        """Walk over everything that is committed, in no order; nothing is missed of what stays as it is meanwhile."""
        ...

    def health(self) -> Health:
        """Say how it is; never raises."""
        ...

    def close(self) -> None:
        """Give back what writing holds, so that another process can write; what was not committed is lost."""
        ...
