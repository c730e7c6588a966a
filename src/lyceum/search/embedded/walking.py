"""Walks over everything that one generation holds."""

from collections.abc import Iterator
from uuid import UUID

import tantivy
from tantivy import Query as TQuery

from lyceum.search.contracts import Stored
from lyceum.search.embedded import shapes

STEP = 10_000


def walk(searcher: tantivy.Searcher, schema: tantivy.Schema) -> Iterator[Stored]:
    """Go by the lower half of the ids, at one commit. Ids that share it must fit into one step, as they do."""
    lowest: int | None = None
    while True:
        query = TQuery.all_query() if lowest is None else _above(schema, lowest)
        order = tantivy.Order.Asc
        hits = searcher.search(query, STEP, count=False, order_by_field=shapes.TIE, order=order).hits
        addresses = [address for _, address in hits]
        versions, digests = (searcher.fast_field_values(name, addresses) for name in (shapes.VERSION, shapes.DIGEST))
        for place, (document_id, version, digest) in enumerate(
            zip(shapes.ids_of(searcher, addresses), versions, digests, strict=True)
        ):
            # Of the last group with one lower half more may come: it begins the next step.
            if len(hits) == STEP and hits[place][0] == hits[-1][0]:
                break
            lowest = _low(document_id)
            yield Stored(document_id, int(version or 0), int(digest or 0))
        if len(hits) < STEP:
            return


def _low(document_id: UUID) -> int:
    return document_id.int & shapes.LOW_BITS


def _above(schema: tantivy.Schema, lowest: int) -> TQuery:
    kind = tantivy.FieldType.Unsigned
    return TQuery.range_query(schema, shapes.TIE, kind, lowest, None, include_lower=False)
