# ruff: noqa: S608  # names and sizes are our own; what people give is a parameter
"""What is nearest to a question in meaning, among what the asker may see; the filter stands inside each query."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from pgvector import HalfVector
from psycopg.errors import QueryCanceled

from lyceum.search import embeddings
from lyceum.search.contracts import Declaration, Filter
from lyceum.search.models import VectorModel
from lyceum.search.vectors.conditions import Condition, translate
from lyceum.search.vectors.indexes import MAX_SIZE

# How many the index looks at before the filter; it goes on by itself while too few have passed, up to the second.
LOOK_AT, MOST = 100, 40_000
# Comparing one by one has an end: with very many documents an answer of fewer is better than a late one.
MOST_MS = 1000
WALK = (
    "set local hnsw.iterative_scan = relaxed_order;"
    f" set local hnsw.ef_search = {LOOK_AT}; set local hnsw.max_scan_tuples = {MOST}; "
)
PATIENCE = f"set local statement_timeout = {MOST_MS}; "
Cosines = dict[UUID, float]


@dataclass(frozen=True)
class Question:
    """A text as the serving model understands it; `weight` and `least` are the model's (see `Embedder`)."""

    model: str
    size: int
    weight: float
    least: float
    vector: str


def understand(text: str) -> Question | None:
    """Embed a question by the model that serves; None where none does, or it cannot be had in this process.

    Raises Unavailable where it is a server's, and that does not answer.
    """
    serving = VectorModel.objects.filter(is_serving=True).first()
    embedder = embeddings.by_name(serving.name) if serving is not None else None
    if serving is None or embedder is None:
        return None
    vector = embedder.embed_queries([text])[0]
    if len(vector) != serving.size or not vector.any():
        return None
    return Question(serving.name, serving.size, embedder.weight, embedder.least, HalfVector(vector).to_text())


def nearest(declaration: Declaration, question: Question, *, allowed: Filter, size: int) -> Cosines:
    """Return the nearest that pass the filter with their cosines, the nearest first; fewer only where fewer pass."""
    condition = translate(allowed, declaration)
    asked = by_index(declaration.kind, question, condition, size)
    found = _read(*asked, before=WALK) if question.size <= MAX_SIZE else {}
    if len(found) >= size:
        return found
    # A narrow filter can end the walk through the index early; few rows pass it, and these are soon compared.
    try:
        with transaction.atomic():
            return _read(*_one_by_one(declaration.kind, question, condition, size), before=PATIENCE)
    except OperationalError as err:
        if isinstance(err.__cause__, QueryCanceled):
            return found
        raise


def cosines(declaration: Declaration, question: Question, ids: Iterable[UUID], *, allowed: Filter) -> Cosines:
    """Return the cosines of these documents, without those that do not pass or have no vector yet."""
    condition, values = translate(allowed, declaration)
    wanted = [str(one) for one in ids]
    narrowed = (f"document_id = any(%s::uuid[]) and {condition}", [wanted, *values])
    return _read(*_one_by_one(declaration.kind, question, narrowed, len(wanted))) if wanted else {}


def by_index(kind: str, question: Question, condition: Condition, size: int) -> Condition:
    """Return the statement that the model's index answers; in relaxed order, so it is sorted once more."""
    statement = (
        f"with near as materialized (select document_id, vector::halfvec({question.size}) <=> %s::halfvec as distance"
        f" from search_meaning where model = %s and kind = %s and vector is not null and {condition[0]}"
        " order by distance limit %s) select document_id, 1 - distance from near order by distance, document_id"
    )
    return statement, [question.vector, question.model, kind, *condition[1], size]


def _one_by_one(kind: str, question: Question, condition: Condition, size: int) -> Condition:
    statement = (
        "with allowed as materialized (select document_id, vector from search_meaning"
        f" where model = %s and kind = %s and vector is not null and {condition[0]})"
        f" select document_id, 1 - (vector::halfvec({question.size}) <=> %s::halfvec) as cosine"
        " from allowed order by cosine desc, document_id limit %s"
    )
    return statement, [question.model, kind, *condition[1], question.vector, size]


def _read(statement: str, values: list[Any], *, before: str = "") -> Cosines:
    """Ask in one message, which is one transaction: what `before` sets holds for the statement behind it alone."""
    with connection.cursor() as cursor:
        cursor.execute(before + statement, values)
        while cursor.nextset():
            pass
        return {document_id: float(cosine) for document_id, cosine in cursor.fetchall()}
