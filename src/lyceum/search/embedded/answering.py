"""Answers a question to one kind at one commit."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import tantivy
from tantivy import Query as TQuery

from lyceum.search import cursors, ranking
from lyceum.search.contracts import POPULARITY, Declaration, Hit, Scored, SearchAnswer, SearchRequest, Sort
from lyceum.search.embedded import facets, shapes
from lyceum.search.embedded.asking import Asked, Asker
from lyceum.search.embedded.filters import narrowed, translate
from lyceum.search.embedded.ordering import Found, Order, best, count
from lyceum.search.embedded.readers import Reader
from lyceum.search.embedded.suggesting import meant
from lyceum.search.engine import WrongCursor
from lyceum.search.highlights import highlight

BY_POPULARITY = Sort(POPULARITY, descending=True)


@dataclass(frozen=True)
class Question:
    """A request to one kind, ready to be answered from one reader."""

    declaration: Declaration
    reader: Reader
    request: SearchRequest

    @cached_property
    def asked(self) -> Asked:
        return Asker(self.declaration, self.reader).ask(self.request.query)

    @cached_property
    def name(self) -> str:
        return cursors.question_of(self.request)

    @cached_property
    def visible(self) -> TQuery:
        """What is asked, of what the asker may see, before anything is selected."""
        return narrowed(self.asked.query, [self._translated(self.request.visible)])

    @cached_property
    def selections(self) -> dict[str, TQuery]:
        return {name: self._translated(found) for name, found in self.request.selections.items()}

    @cached_property
    def query(self) -> TQuery:
        return narrowed(self.visible, list(self.selections.values()))

    @cached_property
    def sort(self) -> Sort | None:
        """The column of the order; None for the best match first."""
        return self.request.sort or (None if self.request.query.has_text else BY_POPULARITY)

    def _translated(self, found: Any) -> TQuery:
        return translate(found, self.declaration, self.reader.schema)


def answer(declaration: Declaration, reader: Reader, request: SearchRequest) -> SearchAnswer:
    started = time.perf_counter()
    question = Question(declaration, reader, request)
    found, total = _by_score(question) if question.sort is None else _by_column(question, question.sort)
    hits = hits_of(question, found)
    counted = facets.count(declaration, reader.searcher, question.visible, question.selections, request.facets)
    suggestion = meant(declaration, reader, request) if request.suggest and not total else ""
    is_last = len(hits) < request.size or not hits
    took = (time.perf_counter() - started) * 1000
    return SearchAnswer(total, tuple(hits), counted, suggestion, "" if is_last else hits[-1].cursor, took)


@dataclass(frozen=True)
class Placed:
    """An entry with the score to tell and the place behind it."""

    entry: Found
    score: float
    place: Any


def _by_column(question: Question, sort: Sort) -> tuple[list[Placed], int]:
    shapes.column(question.declaration, sort.field)
    request, reader = question.request, question.reader
    order = Order(question.declaration, reader.schema, reader.searcher, question.query, sort)
    if request.cursor:
        value, tie = _place(request, 2)
        found = order.after(value, tie, request.size)
    else:
        found = order.page(request.offset, request.size)
    return [Placed(one, 0.0, [one.value, one.tie]) for one in found], count(reader.searcher, question.query)


def _by_score(question: Question) -> tuple[list[Placed], int]:
    request, searcher = question.request, question.reader.searcher
    offset = _place(request, 1)[0] if request.cursor else request.offset
    second = request.second_pass
    if second is None or offset >= second.window:
        found, total = best(searcher, question.query, offset, request.size)
    else:
        top, total = best(searcher, question.query, 0, max(second.window, offset + request.size))
        found = _again(searcher, top, request)[offset : offset + request.size]
    return [Placed(one, one.value or 0.0, [offset + at]) for at, one in enumerate(found, start=1)], total


def _again(searcher: tantivy.Searcher, top: list[Found], request: SearchRequest) -> list[Found]:
    """Order the best once more, by what the second pass makes of them."""
    assert request.second_pass is not None
    addresses = [one.address for one in top[: request.second_pass.window]]
    popularities = searcher.fast_field_values(POPULARITY, addresses)
    scored = [
        Scored(document_id, float(one.value or 0.0), float(popularity or 0.0))
        for document_id, one, popularity in zip(shapes.ids_of(searcher, addresses), top, popularities, strict=False)
    ]
    order = ranking.order(scored, request.second_pass)
    return [Found(top[at].address, score) for at, score in order] + top[len(addresses) :]


def _place(request: SearchRequest, length: int) -> list[Any]:
    place = cursors.read(request)
    if not isinstance(place, list) or len(place) != length:
        raise WrongCursor
    return place


def hits_of(question: Question, found: Sequence[Placed]) -> list[Hit]:
    request, searcher = question.request, question.reader.searcher
    addresses = [one.entry.address for one in found]
    ids = shapes.ids_of(searcher, addresses)
    popularities = searcher.fast_field_values(POPULARITY, addresses)
    hits = [
        Hit(document_id, request.kind, "", "", one.score, float(popularity or 0))
        for document_id, popularity, one in zip(ids, popularities, found, strict=True)
    ]
    return hits if request.is_brief else [_shown(question, *one) for one in zip(hits, found, strict=True)]


def _shown(question: Question, hit: Hit, found: Placed) -> Hit:
    """Fill in what stands in the entry itself."""
    kept = shapes.kept_of(question.reader.searcher.doc(found.entry.address))
    names = question.request.highlights
    marks = {name: marked for name in names if (marked := _marked(kept.texts.get(name), question))}
    cursor = cursors.write(question.name, found.place)
    return replace(hit, title=kept.title, url=kept.url, highlights=marks, cursor=cursor)


def _marked(texts: list[str] | None, question: Question) -> str:
    return highlight("\n".join(texts), question.asked.marks) if texts and question.request.query.has_text else ""
