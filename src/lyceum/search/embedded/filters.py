"""Filters of the contract as queries of Tantivy; they let through and never score."""

from collections.abc import Sequence
from uuid import UUID

import tantivy
from tantivy import Occur
from tantivy import Query as TQuery

from lyceum.search.contracts import (
    ID,
    AllOf,
    AnyOf,
    Declaration,
    Everything,
    Exists,
    Filter,
    IsOneOf,
    Keyword,
    Not,
    Nothing,
    Point,
    Range,
    Scalar,
    Text,
    Within,
)
from lyceum.search.embedded import shapes

# Measured on 100,000 books: to mark three states in all of them costs 0.4 ms, to look up 50 ids one by one 0.1 ms.
MOST_SKIPPED = 64


def translate(found: Filter, declaration: Declaration, schema: tantivy.Schema) -> TQuery:
    """Return the query that lets the same documents through; raises ValueError for a field that cannot be filtered."""

    def each(filters: Sequence[Filter]) -> list[TQuery]:
        return [translate(one, declaration, schema) for one in filters]

    match found:
        case Everything():
            return TQuery.all_query()
        case Nothing():
            return TQuery.empty_query()
        case AllOf(filters):
            return all_of(each(filters))
        case AnyOf(filters):
            return any_of(each(filters))
        case Not(inner):
            return without(TQuery.all_query(), [translate(inner, declaration, schema)])
        case IsOneOf(name, values):
            return _is_one_of(name, values, declaration, schema)
        case Range():
            return _range(found, declaration, schema)
        case Exists(name):
            return TQuery.exists_query(_filled(name, declaration))
        case Within():
            return _within(found, declaration, schema)


def all_of(queries: Sequence[TQuery]) -> TQuery:
    if len(queries) == 1:
        return queries[0]
    return TQuery.boolean_query([(Occur.Must, one) for one in queries]) if queries else TQuery.all_query()


def any_of(queries: Sequence[TQuery]) -> TQuery:
    if len(queries) == 1:
        return queries[0]
    return TQuery.boolean_query([(Occur.Should, one) for one in queries]) if queries else TQuery.empty_query()


def without(query: TQuery, excluded: Sequence[TQuery]) -> TQuery:
    if not excluded:
        return query
    return TQuery.boolean_query([(Occur.Must, query), *((Occur.MustNot, one) for one in excluded)])


def narrowed(query: TQuery, filters: Sequence[TQuery]) -> TQuery:
    """Return the query with filters that do not score."""
    if not filters:
        return query
    quiet = [(Occur.Must, TQuery.const_score_query(one, 0.0)) for one in filters]
    return TQuery.boolean_query([(Occur.Must, query), *quiet])


def _is_one_of(name: str, values: Sequence[Scalar], declaration: Declaration, schema: tantivy.Schema) -> TQuery:
    if not values:
        return TQuery.empty_query()
    if name == ID:
        return _has_one_of(schema, shapes.KEY, [UUID(str(value)).hex for value in values])
    field = declaration.by_name.get(name)
    if isinstance(field, Keyword):
        return _has_one_of(schema, name, [shapes.exact(value) for value in values])
    field, _ = shapes.column(declaration, name)
    numbers = [shapes.number(field, value) for value in values]
    return any_of([TQuery.term_query(schema, name, number) for number in numbers])


def _has_one_of(schema: tantivy.Schema, name: str, values: Sequence[str]) -> TQuery:
    """Let through what has one of the texts: a few are skipped through, many marked in all documents beforehand."""
    if len(values) > MOST_SKIPPED:
        return TQuery.term_set_query(schema, name, values)
    terms = [TQuery.term_query(schema, name, value, index_option="basic") for value in values]
    return TQuery.const_score_query(any_of(terms), 1.0)


def _range(found: Range, declaration: Declaration, schema: tantivy.Schema) -> TQuery:
    field, kind = shapes.column(declaration, found.field)
    low = found.above if found.at_least is None else found.at_least
    high = found.below if found.at_most is None else found.at_most
    if low is None and high is None:
        return TQuery.exists_query(found.field)
    return TQuery.range_query(
        schema,
        found.field,
        kind.value,
        None if low is None else shapes.number(field, low),
        None if high is None else shapes.number(field, high),
        include_lower=found.at_least is not None or low is None,
        include_upper=found.at_most is not None or high is None,
    )


def _within(found: Within, declaration: Declaration, schema: tantivy.Schema) -> TQuery:
    east, north = shapes.axes(found.field)

    def between(axis: str, low: float, high: float) -> TQuery:
        return TQuery.range_query(schema, axis, tantivy.FieldType.Float, float(low), float(high))

    if found.west <= found.east:
        across = between(east, found.west, found.east)
    else:
        across = any_of([between(east, found.west, 180.0), between(east, -180.0, found.east)])
    return all_of([across, between(north, found.south, found.north)])


def _filled(name: str, declaration: Declaration) -> str:
    field = declaration.by_name.get(name)
    if isinstance(field, Point):
        return shapes.axes(name)[0]
    if isinstance(field, Text):
        raise ValueError(f"{declaration.kind} cannot be narrowed by whether it has a text such as {name}")
    return name
