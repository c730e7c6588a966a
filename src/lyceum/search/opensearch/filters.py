"""Filters of the contract as the node's query language has them."""

from typing import Any

from lyceum.search.contracts import (
    ID,
    AllOf,
    AnyOf,
    Declaration,
    Everything,
    Exists,
    Filter,
    IsOneOf,
    Not,
    Nothing,
    Range,
    Within,
)
from lyceum.search.opensearch.mapping import scalar

Clause = dict[str, Any]
ALL: Clause = {"match_all": {}}
NONE: Clause = {"match_none": {}}


def clause(declaration: Declaration, found: Filter) -> Clause:
    """Return the filter as a clause that scores nothing."""
    match found:
        case Everything():
            return ALL
        case Nothing():
            return NONE
        case IsOneOf():
            return _terms(declaration, found)
        case Range():
            return _range(declaration, found)
        case Exists():
            return {"exists": {"field": found.field}}
        case Within():
            return _box(found)
        case AllOf():
            return {"bool": {"filter": [clause(declaration, one) for one in found.filters]}}
        case AnyOf():
            return any_of([clause(declaration, one) for one in found.filters])
        case Not():
            return {"bool": {"must_not": [clause(declaration, found.filter)]}}


def any_of(clauses: list[Clause]) -> Clause:
    return {"bool": {"should": clauses, "minimum_should_match": 1}} if clauses else NONE


def all_of(clauses: list[Clause]) -> Clause:
    return {"bool": {"filter": clauses}} if clauses else ALL


def _terms(declaration: Declaration, found: IsOneOf) -> Clause:
    if found.field == ID:
        return {"terms": {ID: [str(value) for value in found.values]}}
    field = declaration.by_name.get(found.field)
    return {"terms": {found.field: [scalar(field, value) for value in found.values]}}


def _range(declaration: Declaration, found: Range) -> Clause:
    field = declaration.by_name.get(found.field)
    bounds = {"gte": found.at_least, "lte": found.at_most, "gt": found.above, "lt": found.below}
    given = {name: scalar(field, value) for name, value in bounds.items() if value is not None}
    return {"range": {found.field: given}} if given else {"exists": {"field": found.field}}


def _box(found: Within) -> Clause:
    corners = {
        "top_left": {"lon": found.west, "lat": found.north},
        "bottom_right": {"lon": found.east, "lat": found.south},
    }
    return {"geo_bounding_box": {found.field: corners}}
