"""Orders and pages through what a query finds: by a column with an exact order, or by how well it matches.

Tantivy orders by one column and leaves equal ones as they lie in its segments. Here equal ones follow by a number
that belongs to the document (the lower half of its id), so that a walk by cursor meets each document once, whatever
is written meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import tantivy
from tantivy import Query as TQuery

from lyceum.search.contracts import Declaration, Exists, Not, Range, Sort
from lyceum.search.embedded import shapes
from lyceum.search.embedded.filters import all_of, narrowed, translate

Number = int | float


@dataclass(frozen=True)
class Found:
    """An entry, with the value that it is ordered by: a score, a column's value, or None where it has none."""

    address: tantivy.DocAddress
    value: Number | None
    tie: int = 0


Part: TypeAlias = Callable[[int], list[Found]]


@dataclass(frozen=True)
class Order:
    """The order of one answer by a column."""

    declaration: Declaration
    schema: tantivy.Schema
    searcher: tantivy.Searcher
    query: TQuery
    sort: Sort

    def page(self, offset: int, size: int) -> list[Found]:
        """Return a page by its offset, in the same order in which a walk by `after` goes."""
        if not offset:
            return self._take([lambda most: self._ranked(self.query, most), self._without_value], size)
        first = self._top(self.query, 1, offset=offset)
        if not first:
            skipped = offset - self._count(self._where(Exists(self.sort.field)))
            return self._equal(None, size, offset=skipped)
        value = first[0].value
        assert value is not None
        skipped = offset - self._count(self._where(self._beyond(value, is_before=True)))
        return self._take([lambda most: self._equal(value, most, offset=skipped), *self._behind(value)], size)

    def after(self, value: Number | None, tie: int, size: int) -> list[Found]:
        """Return what follows an entry with this value and tie."""
        behind = [] if value is None else self._behind(value)
        return self._take([lambda most: self._equal(value, most, above=tie), *behind], size)

    def _take(self, parts: Sequence[Part], size: int) -> list[Found]:
        found: list[Found] = []
        for part in parts:
            if len(found) < size:
                found += part(size - len(found))
        return found[:size]

    def _behind(self, value: Number) -> list[Part]:
        return [lambda most: self._ranked(self._where(self._beyond(value)), most), self._without_value]

    def _without_value(self, size: int) -> list[Found]:
        return self._equal(None, size)

    def _ranked(self, query: TQuery, size: int) -> list[Found]:
        """Return the first by value, each group of equal ones by tie, also the last that is not whole."""
        top = self._top(query, size + 1)
        if not top:
            return []
        last = top[-1].value
        if len(top) <= size:
            return self._tied(top)
        whole = self._tied([one for one in top if one.value != last])
        return whole + self._equal(last, size - len(whole)) if len(whole) < size else whole

    def _top(self, query: TQuery, size: int, *, offset: int = 0) -> list[Found]:
        order = tantivy.Order.Desc if self.sort.descending else tantivy.Order.Asc
        name = self.sort.field
        hits = self.searcher.search(query, size, count=False, order_by_field=name, order=order, offset=offset).hits
        # Those without a value come too, with none; they are taken apart by `_equal`.
        return [Found(address, value) for value, address in hits if value is not None]

    def _equal(self, value: Number | None, size: int, *, offset: int = 0, above: int | None = None) -> list[Found]:
        if size <= 0:
            return []
        same = Not(Exists(self.sort.field)) if value is None else Range(self.sort.field, at_least=value, at_most=value)
        query = self._where(same)
        if above is not None:
            later = TQuery.range_query(
                self.schema, shapes.TIE, tantivy.FieldType.Unsigned, above, None, include_lower=False
            )
            query = narrowed(query, [later])
        order = tantivy.Order.Asc
        hits = self.searcher.search(
            query, size, count=False, order_by_field=shapes.TIE, order=order, offset=offset
        ).hits
        return [Found(address, value, int(tie)) for tie, address in hits]

    def _tied(self, found: list[Found]) -> list[Found]:
        ties = self.searcher.fast_field_values(shapes.TIE, [one.address for one in found])
        full = [Found(one.address, one.value, int(tie or 0)) for one, tie in zip(found, ties, strict=True)]
        sign = -1 if self.sort.descending else 1
        return sorted(full, key=lambda one: (sign * (one.value or 0), one.tie))

    def _beyond(self, value: Number, *, is_before: bool = False) -> Range:
        is_lower = self.sort.descending is not is_before
        return Range(self.sort.field, below=value) if is_lower else Range(self.sort.field, above=value)

    def _where(self, found: Range | Exists | Not) -> TQuery:
        return all_of([self.query, translate(found, self.declaration, self.schema)])

    def _count(self, query: TQuery) -> int:
        return count(self.searcher, query)


def count(searcher: tantivy.Searcher, query: TQuery) -> int:
    return int(searcher.search(query, 1, count=True).count or 0)  # type: ignore[attr-defined]


def best(searcher: tantivy.Searcher, query: TQuery, offset: int, size: int) -> tuple[list[Found], int]:
    """Return a page by score, and how many there are."""
    result = searcher.search(query, max(size, 1), count=True, offset=offset)
    found = [Found(address, float(score)) for score, address in result.hits[:size]]
    return found, int(result.count)  # type: ignore[attr-defined]
