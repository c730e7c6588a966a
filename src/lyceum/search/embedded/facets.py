"""Counts of values and bands, each under all selections but its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import tantivy
from tantivy import Query as TQuery

from lyceum.search.contracts import Band, Bands, Bucket, Date, Declaration, Facet, Number, Terms
from lyceum.search.contracts import Boolean as BooleanField
from lyceum.search.embedded.filters import narrowed

# Asked beyond what is shown, so that equal counts at the end are ordered by value and not by chance.
MORE = 20
SEGMENT_SIZE = 10_000


def count(
    declaration: Declaration,
    searcher: tantivy.Searcher,
    query: TQuery,
    selections: Mapping[str, TQuery],
    facets: Sequence[Facet],
) -> dict[str, tuple[Bucket, ...]]:
    """Count the facets of what a query finds; those that nothing of their own narrows in one go."""
    together: dict[str, list[Facet]] = defaultdict(list)
    for facet in facets:
        together[facet.name if facet.name in selections else ""].append(facet)
    found: dict[str, tuple[Bucket, ...]] = {}
    for own, group in together.items():
        under = narrowed(query, [one for name, one in selections.items() if name != own])
        questions = {name: question for facet in group for name, question in _questions(facet)}
        answers = searcher.aggregate(under, questions)
        found |= {facet.name: _buckets(declaration, facet, answers) for facet in group}
    return {facet.name: found[facet.name] for facet in facets}


def _questions(facet: Facet) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(facet, Terms):
        size = facet.size + MORE
        terms = {"field": facet.field, "size": size, "segment_size": max(SEGMENT_SIZE, size)}
        return [(facet.name, {"terms": terms})]
    return [(facet.name, {"range": {"field": facet.field, "ranges": _pieces(facet)}})]


def _pieces(facet: Bands) -> list[dict[str, float]]:
    """Cut the numbers wherever a band begins or ends: bands overlap, as "four stars and more" and "three" do."""
    edges = sorted({float(edge) for band in facet.bands for edge in (band.start, band.end) if edge is not None})
    bounds = zip([None, *edges], [*edges, None], strict=True)
    return [{name: bound for name, bound in (("from", low), ("to", high)) if bound is not None} for low, high in bounds]


def _buckets(declaration: Declaration, facet: Facet, answers: Mapping[str, Any]) -> tuple[Bucket, ...]:
    if isinstance(facet, Bands):
        pieces = answers[facet.name]["buckets"]
        return tuple(Bucket(band.name, _in_band(band, pieces), band.start, band.end) for band in facet.bands)
    field = declaration.by_name[facet.field]
    found = [Bucket(_value(field, one["key"]), one["doc_count"]) for one in answers[facet.name]["buckets"]]
    return tuple(sorted(found, key=lambda bucket: (-bucket.count, bucket.value))[: facet.size])


def _in_band(band: Band, pieces: Sequence[Mapping[str, Any]]) -> int:
    return sum(
        int(piece["doc_count"])
        for piece in pieces
        if piece.get("from", -inf) >= (-inf if band.start is None else band.start)
        and piece.get("to", inf) <= (inf if band.end is None else band.end)
    )


def _value(field: Any, key: Any) -> str:
    if isinstance(field, BooleanField):
        return "true" if key else "false"
    if isinstance(field, (Number, Date)) and float(key).is_integer():
        return str(int(key))
    return str(key)
