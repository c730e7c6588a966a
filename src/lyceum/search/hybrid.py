"""Search by words and by meaning together: a pure function of the index, the vectors and what the asker may see.

To what the words find, what the question means belongs as well: the nearest documents that keep to its phrases,
filters and exclusions, and are near enough to have to do with it. Both are one set, whose every member is counted and
faceted once; its best are ranked by the weighted sum of `fusion`, and behind them stands the rest, by its words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias
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
from lyceum.search.fusion import CANDIDATES, MOST_BY_MEANING, fuse
from lyceum.search.vectors import nearest
from lyceum.search.vectors.nearest import Cosines, Question

log = structlog.get_logger("lyceum.search")
Ranking: TypeAlias = list[tuple[UUID, float]]


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
        found = self.ranked[offset : offset + self.request.size]
        if lacking := self.request.size - len(found):
            found = found + self._behind(max(0, offset - len(self.ranked)), lacking)
        count, end = self.by_words.count + self.by_meaning.count, offset + len(found)
        return SearchAnswer(
            count,
            self._page(found, offset),
            self._facets(),
            self.by_words.did_you_mean,
            "" if not found or end >= count else self._cursor(end),
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
    def near_by_words(self) -> Sequence[Hit]:
        """Which of the nearest the words find too, whatever is selected."""
        if not self.request.selections and self.by_words.count <= CANDIDATES:
            return [hit for hit in self.by_words.hits if hit.id in self.near]
        return self._ask(size=len(self.near), only=IsOneOf(ID, tuple(self.near)), selections={}, facets=()).hits

    @cached_property
    def by_meaning(self) -> SearchAnswer:
        """What only the meaning finds, with its count and facets; phrases and exclusions hold here too.

        Its scores are what the words are worth there: some of them may be.
        """
        others = tuple(self.near.keys() - {hit.id for hit in self.near_by_words})
        return self._ask(size=len(others), only=IsOneOf(ID, others), query=self._without_need)

    @cached_property
    def ranked(self) -> Ranking:
        """The best of both sides, best first."""
        hits = {hit.id: hit for hit in (*self.by_meaning.hits, *self._near_selected(), *self.by_words.hits)}
        lexical = {one: hit.score for one, hit in hits.items()}
        fused = fuse(lexical, self._cosines(tuple(hits)), weight=self.question.weight)
        second = self.request.second_pass
        if second is None:
            return fused
        top = [Scored(one, score, hits[one].popularity) for one, score in fused[: second.window]]
        return [(top[at].id, score) for at, score in ranking.order(top, second)] + fused[second.window :]

    def _near_selected(self) -> Sequence[Hit]:
        """Return what both find that is not among the best by words."""
        known = {hit.id for hit in self.by_words.hits}
        found = [hit for hit in self.near_by_words if hit.id not in known]
        if not self.request.selections:
            return found
        missing = tuple(hit.id for hit in found)
        return self._ask(size=len(missing), only=IsOneOf(ID, missing), facets=()).hits

    def _cosines(self, ids: tuple[UUID, ...]) -> Cosines:
        others = [one for one in ids if one not in self.near]
        found = nearest.cosines(self.declaration, self.question, others, allowed=self.request.visible)
        return {one: cosine for one in ids if (cosine := self.near.get(one, found.get(one))) is not None}

    def _behind(self, offset: int, size: int) -> Ranking:
        """Return what the words find behind the ranked ones, without what the meaning brought forward."""
        forward = tuple(self.near)
        passed = sum(hit.id not in self.near for hit in self.by_words.hits)
        found = self._ask(size=size, offset=passed + offset, only=Not(IsOneOf(ID, forward)), facets=())
        return [(hit.id, hit.score) for hit in found.hits]

    def _page(self, found: Ranking, offset: int) -> tuple[Hit, ...]:
        """Read and mark what is shown, and that alone; what was deleted meanwhile is left out."""
        only = IsOneOf(ID, tuple(one for one, _ in found))
        query = self._without_need
        shown = self._ask(size=len(found), only=only, query=query, selections={}, facets=(), is_brief=False).hits
        hits = {hit.id: hit for hit in shown}
        return tuple(
            replace(hits[one], score=score, cursor=self._cursor(offset + at))
            for at, (one, score) in enumerate(found, start=1)
            if one in hits
        )

    def _facets(self) -> Mapping[str, tuple[Bucket, ...]]:
        ordered = {facet.name for facet in self.request.facets if isinstance(facet, Bands)}
        sizes = {facet.name: getattr(facet, "size", None) for facet in self.request.facets}
        return {
            name: _added(buckets, self.by_meaning.facets.get(name, ()), is_ordered=name in ordered)[: sizes[name]]
            for name, buckets in self.by_words.facets.items()
        }

    @cached_property
    def _without_need(self) -> Query:
        """The question, whose words rank and mark but need not be there."""
        return replace(self.request.query, needed="none")

    def _ask(self, *, only: Filter | None = None, query: Query | None = None, **changes: Any) -> SearchAnswer:
        if only == IsOneOf(ID, ()):
            return SearchAnswer(0, ())
        visible = self.request.visible if only is None else AllOf((self.request.visible, only))
        plain = replace(self.request, offset=0, cursor="", second_pass=None, suggest=only is None, is_brief=True)
        return self.engine.search(
            self.declaration, replace(plain, visible=visible, query=query or self.request.query, **changes)
        )

    def _offset(self) -> int:
        if not self.request.cursor:
            return self.request.offset
        place = cursors.read(self.request)
        if not (isinstance(place, list) and len(place) == 1 and isinstance(place[0], int) and place[0] >= 0):
            raise WrongCursor
        return place[0]

    def _cursor(self, place: int) -> str:
        return cursors.write(self._name, [place])

    @cached_property
    def _name(self) -> str:
        return cursors.question_of(self.request)


def _added(some: Sequence[Bucket], more: Sequence[Bucket], *, is_ordered: bool) -> tuple[Bucket, ...]:
    """Add the counts of two sets that share no document; bands keep their order, values come by frequency."""
    counts = {bucket.value: bucket for bucket in some}
    for bucket in more:
        known = counts.get(bucket.value)
        counts[bucket.value] = replace(bucket, count=bucket.count + (known.count if known is not None else 0))
    found = list(counts.values())
    return tuple(found if is_ordered else sorted(found, key=lambda bucket: (-bucket.count, bucket.value)))
