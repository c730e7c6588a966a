"""Search by words and by meaning together: a pure function of the index, the vectors and what the asker may see.

To what the words find, what the question means belongs as well: the nearest documents that keep to its phrases,
filters and exclusions, and are near enough to have to do with it. Both are one set, whose every member is counted and
faceted once; its best are ranked by the weighted sum of `fusion`, and behind them stands the rest, by its words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

import structlog

from lyceum.core.errors import Unavailable
from lyceum.search import cursors, ranking
from lyceum.search.contracts import (
    ID,
    AllOf,
    Bands,
    Bucket,
    Declaration,
    Filter,
    Hit,
    IsOneOf,
    Not,
    Query,
    Scored,
    SearchAnswer,
    SearchRequest,
)
from lyceum.search.engine import SearchEngine, WrongCursor
from lyceum.search.fusion import fuse
from lyceum.search.vectors import nearest
from lyceum.search.vectors.nearest import Cosines, Question

log = structlog.get_logger("lyceum.search")
# So many of each side are ranked together; `lyceum evaluate retrieval` measures with as many.
CANDIDATES = 200
# Of what only the meaning finds no more belong to an answer.
MOST_BY_MEANING = 100


def search(engine: SearchEngine, declaration: Declaration, request: SearchRequest) -> SearchAnswer:
    """Answer as the engine does, with what the question means; by words alone where there is no meaning to go by."""
    question = _understood(declaration, request)
    if question is None:
        return engine.search(declaration, request)
    return _Answering(engine, declaration, request, question).answer()


def _understood(declaration: Declaration, request: SearchRequest) -> Question | None:
    if request.sort is not None or not request.query.words or not declaration.meaning:
        return None
    try:
        return nearest.understand(request.query.text)
    except Unavailable as err:
        log.warning("question_not_embedded", error=type(err).__name__)
        return None


@dataclass(frozen=True)
class _Answering:
    engine: SearchEngine
    declaration: Declaration
    request: SearchRequest
    question: Question

    def answer(self) -> SearchAnswer:
        offset = self._offset()
        ranked = self.ranked
        hits = ranked[offset : offset + self.request.size]
        if lacking := self.request.size - len(hits):
            hits = hits + self._behind(max(0, offset - len(ranked)), lacking)
        lit = self._lit(hits)
        hits = [
            replace(hit, cursor=self._cursor(offset + at), highlights=lit.get(hit.id, hit.highlights))
            for at, hit in enumerate(hits, start=1)
        ]
        count = self.by_words.count + self.by_meaning.count
        is_last = offset + len(hits) >= count or not hits
        return SearchAnswer(
            count,
            tuple(hits),
            self._facets(),
            self.by_words.did_you_mean,
            "" if is_last else hits[-1].cursor,
            self.by_words.took_ms + self.by_meaning.took_ms,
        )

    @cached_property
    def by_words(self) -> SearchAnswer:
        """The best by words, with the count and the facets of all that the words find."""
        return self._ask(size=CANDIDATES)

    @cached_property
    def near(self) -> Cosines:
        """The nearest of all that the asker may see and the filters of the query let through; not of a selection."""
        allowed = AllOf((self.request.visible, *self.request.query.filters))
        found = nearest.nearest(self.declaration, self.question, allowed=allowed, size=MOST_BY_MEANING)
        return {one: cosine for one, cosine in found.items() if cosine >= self.question.least}

    @cached_property
    def near_by_words(self) -> SearchAnswer:
        """Which of the nearest the words find too, whatever is selected."""
        return self._ask(size=len(self.near), only=IsOneOf(ID, tuple(self.near)), selections={}, facets=())

    @cached_property
    def by_meaning(self) -> SearchAnswer:
        """What only the meaning finds, with its count and facets; phrases and exclusions hold here too."""
        others = tuple(self.near.keys() - {hit.id for hit in self.near_by_words.hits})
        strict = replace(self.request.query, words=tuple(word for word in self.request.query.words if word.field))
        return self._ask(size=len(others), only=IsOneOf(ID, others), query=strict)

    @cached_property
    def ranked(self) -> list[Hit]:
        found = (*self._near_selected(), *self.by_words.hits)
        hits = {hit.id: hit for hit in (*self.by_meaning.hits, *found)}
        lexical = self._partly() | {hit.id: hit.score for hit in found}
        fused = fuse(lexical, self._cosines(tuple(hits)), weight=self.question.weight)
        best = [replace(hits[one], score=score) for one, score in fused]
        return self._again(best)

    def _near_selected(self) -> Sequence[Hit]:
        """Return what both find that is not among the best by words."""
        known = {hit.id for hit in self.by_words.hits}
        found = [hit for hit in self.near_by_words.hits if hit.id not in known]
        if not self.request.selections:
            return found
        missing = tuple(hit.id for hit in found)
        return self._ask(size=len(missing), only=IsOneOf(ID, missing), facets=()).hits

    def _partly(self) -> dict[UUID, float]:
        """Return what the words are worth in what only the meaning finds: some of them may be there."""
        ids = tuple(hit.id for hit in self.by_meaning.hits)
        query = replace(self.request.query, any_word=True)
        found = self._ask(size=len(ids), only=IsOneOf(ID, ids), query=query, facets=())
        return {hit.id: hit.score for hit in found.hits}

    def _cosines(self, ids: tuple[UUID, ...]) -> Cosines:
        others = [one for one in ids if one not in self.near]
        found = nearest.cosines(self.declaration, self.question, others, allowed=self.request.visible)
        return {one: cosine for one in ids if (cosine := self.near.get(one, found.get(one))) is not None}

    def _again(self, best: list[Hit]) -> list[Hit]:
        """Let the second pass order the best anew, as an engine would."""
        second = self.request.second_pass
        if second is None:
            return best
        top = best[: second.window]
        order = ranking.order([Scored(hit.id, hit.score, hit.popularity) for hit in top], second)
        return [replace(top[at], score=score) for at, score in order] + best[second.window :]

    def _behind(self, offset: int, size: int) -> list[Hit]:
        """Return what the words find behind the ranked ones, without what the meaning brought forward."""
        forward = tuple(self.near)
        passed = sum(hit.id not in self.near for hit in self.by_words.hits)
        found = self._ask(size=size, offset=passed + offset, only=Not(IsOneOf(ID, forward)), facets=())
        return list(found.hits)

    def _facets(self) -> Mapping[str, tuple[Bucket, ...]]:
        ordered = {facet.name for facet in self.request.facets if isinstance(facet, Bands)}
        sizes = {facet.name: getattr(facet, "size", None) for facet in self.request.facets}
        return {
            name: _added(buckets, self.by_meaning.facets.get(name, ()), is_ordered=name in ordered)[: sizes[name]]
            for name, buckets in self.by_words.facets.items()
        }

    def _ask(self, *, only: Filter | None = None, query: Query | None = None, **changes: Any) -> SearchAnswer:
        if only == IsOneOf(ID, ()):
            return SearchAnswer(0, ())
        visible = self.request.visible if only is None else AllOf((self.request.visible, only))
        plain = replace(self.request, offset=0, cursor="", second_pass=None, suggest=only is None, highlights=())
        return self.engine.search(
            self.declaration, replace(plain, visible=visible, query=query or self.request.query, **changes)
        )

    def _lit(self, hits: Sequence[Hit]) -> dict[UUID, Mapping[str, str]]:
        """Mark the words in the hits of the page alone: marking all candidates costs more than finding them."""
        if not self.request.highlights:
            return {}
        only, query = IsOneOf(ID, tuple(hit.id for hit in hits)), replace(self.request.query, any_word=True)
        marks = self.request.highlights
        found = self._ask(size=len(hits), only=only, query=query, selections={}, facets=(), highlights=marks)
        return {hit.id: hit.highlights for hit in found.hits}

    def _offset(self) -> int:
        if not self.request.cursor:
            return self.request.offset
        place = cursors.read(self.request)
        if not (isinstance(place, list) and len(place) == 1 and isinstance(place[0], int) and place[0] >= 0):
            raise WrongCursor
        return place[0]

    def _cursor(self, place: int) -> str:
        return cursors.write(self.request, [place])


def _added(some: Sequence[Bucket], more: Sequence[Bucket], *, is_ordered: bool) -> tuple[Bucket, ...]:
    """Add the counts of two sets that share no document; bands keep their order, values come by frequency."""
    counts = {bucket.value: bucket for bucket in some}
    for bucket in more:
        known = counts.get(bucket.value)
        counts[bucket.value] = replace(bucket, count=bucket.count + (known.count if known is not None else 0))
    found = list(counts.values())
    return tuple(found if is_ordered else sorted(found, key=lambda bucket: (-bucket.count, bucket.value)))
