"""Filters of the contract as conditions in SQL over what is kept beside a vector; values are parameters, always."""

import json
from collections.abc import Sequence
from typing import Any

from lyceum.search.contracts import (
    ID,
    POPULARITY,
    AllOf,
    AnyOf,
    Declaration,
    Everything,
    Exists,
    Field,
    Filter,
    IsOneOf,
    Keyword,
    Not,
    Nothing,
    Number,
    Point,
    Range,
    Text,
    Within,
)
from lyceum.search.vectors.texts import plain

Condition = tuple[str, list[Any]]
BOUNDS = (("at_least", ">="), ("above", ">"), ("at_most", "<="), ("below", "<"))


def translate(found: Filter, declaration: Declaration) -> Condition:
    """Return the condition and its parameters; raises ValueError for a field that cannot be filtered."""
    match found:
        case Everything() | AllOf(()):
            return "true", []
        case Nothing() | AnyOf(()):
            return "false", []
        case AllOf(filters):
            return _joined(" and ", filters, declaration)
        case AnyOf(filters):
            return _joined(" or ", filters, declaration)
        case Not(inner):
            condition, values = translate(inner, declaration)
            return f"not ({condition})", values
        case IsOneOf(name, values):
            return _is_one_of(name, list(values), declaration)
        case Range():
            return _range(found, declaration)
        case Exists(name):
            _field(name, declaration)
            return "values ? %s", [name]
        case Within():
            return _within(found, declaration)


def _joined(word: str, filters: Sequence[Filter], declaration: Declaration) -> Condition:
    parts = [translate(one, declaration) for one in filters]
    return f"({word.join(condition for condition, _ in parts)})", [value for _, values in parts for value in values]


def _is_one_of(name: str, values: list[Any], declaration: Declaration) -> Condition:
    if name == ID:
        return "document_id = any(%s::uuid[])", [[str(value) for value in values]]
    field = _field(name, declaration)
    if isinstance(field, Keyword):
        return "coalesce(values -> %s ?| %s::text[], false)", [name, [plain(field, value) for value in values]]
    wanted = [json.dumps(plain(field, value)) for value in values]
    return "coalesce(values -> %s @> any(%s::jsonb[]), false)", [name, wanted]


def _range(found: Range, declaration: Declaration) -> Condition:
    field = _field(found.field, declaration)
    bounds = {bound: getattr(found, bound) for bound, _ in BOUNDS if getattr(found, bound) is not None}
    if not bounds:
        return "values ? %s", [found.field]
    tests = " && ".join(f"@ {sign} ${bound}" for bound, sign in BOUNDS if bound in bounds)
    given = json.dumps({bound: plain(field, value) for bound, value in bounds.items()})
    return "jsonb_path_exists(values, %s::jsonpath, %s::jsonb)", [f'$."{found.field}"[*] ? ({tests})', given]


def _within(found: Within, declaration: Declaration) -> Condition:
    if not isinstance(_field(found.field, declaration), Point):
        raise ValueError(f"{found.field} is no place")
    across = "&&" if found.west <= found.east else "||"
    path = f'$."{found.field}" ? ((@.east >= $west {across} @.east <= $east) && @.north >= $south && @.north <= $north)'
    given = {"west": found.west, "south": found.south, "east": found.east, "north": found.north}
    return "jsonb_path_exists(values, %s::jsonpath, %s::jsonb)", [path, json.dumps(given)]


def _field(name: str, declaration: Declaration) -> Field:
    if name == POPULARITY:
        return Number(POPULARITY)
    field = declaration.by_name.get(name)
    if field is None or isinstance(field, Text):
        raise ValueError(f"{declaration.kind} cannot be filtered by {name}")
    return field
