"""Facets: what is counted under all selections but a facet's own."""

from collections.abc import Mapping
from typing import Any

from lyceum.search.contracts import Bands, Boolean, Bucket, Declaration, Facet, SearchRequest, Terms
from lyceum.search.opensearch.filters import Clause, all_of, clause


def own_selections(declaration: Declaration, request: SearchRequest) -> dict[str, Clause]:
    """Return the selections of facets that are counted, by name; all others narrow the whole question."""
    names = {facet.name for facet in request.facets}
    return {name: clause(declaration, found) for name, found in request.selections.items() if name in names}


def counts_of(declaration: Declaration, request: SearchRequest) -> dict[str, Any]:
    """Return the part of a question that counts, one group for each facet."""
    own = own_selections(declaration, request)
    return {
        facet.name: {
            "filter": all_of([found for name, found in own.items() if name != facet.name]),
            "aggs": {"values": _count(facet)},
        }
        for facet in request.facets
    }


def _count(facet: Facet) -> dict[str, Any]:
    if isinstance(facet, Terms):
        order = [{"_count": "desc"}, {"_key": "asc"}]
        return {"terms": {"field": facet.field, "size": facet.size, "order": order}}
    ranges = [{"key": band.name, **_given("from", band.start), **_given("to", band.end)} for band in facet.bands]
    return {"range": {"field": facet.field, "keyed": True, "ranges": ranges}}


def _given(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}


def buckets_of(
    declaration: Declaration, request: SearchRequest, found: Mapping[str, Any]
) -> dict[str, tuple[Bucket, ...]]:
    return {
        facet.name: _buckets(declaration, facet, found[facet.name]["values"]["buckets"]) for facet in request.facets
    }


def _buckets(declaration: Declaration, facet: Facet, found: Any) -> tuple[Bucket, ...]:
    if isinstance(facet, Bands):
        return tuple(Bucket(band.name, found[band.name]["doc_count"], band.start, band.end) for band in facet.bands)
    is_boolean = isinstance(declaration.by_name.get(facet.field), Boolean)
    return tuple(Bucket(_value(bucket, is_boolean=is_boolean), bucket["doc_count"]) for bucket in found)


def _value(bucket: Mapping[str, Any], *, is_boolean: bool) -> str:
    key = bucket["key_as_string"] if is_boolean else bucket["key"]
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)
