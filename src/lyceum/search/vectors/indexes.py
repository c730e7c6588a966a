"""The index of each model's vectors: one a model, since an index knows one size, and a question asks one model."""

from hashlib import blake2b

from django.db import connection, transaction
from psycopg import sql

# Of a halfvec in an index of pgvector; larger ones are compared one by one.
MAX_SIZE = 4000


def make(model: str, size: int) -> None:
    """Make the model's index where there is none: before its first vector, so that it grows with them."""
    if size > MAX_SIZE or _exists(model):
        return
    statement = sql.SQL(
        "create index if not exists {name} on search_meaning using hnsw ((vector::halfvec({size})) halfvec_cosine_ops)"
        " where model = {model}"
    ).format(name=sql.Identifier(name_of(model)), size=sql.Literal(size), model=sql.Literal(model))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute(statement.as_string(connection.connection))


def drop(model: str) -> None:
    statement = sql.SQL("drop index if exists {name}").format(name=sql.Identifier(name_of(model)))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(connection.connection))


def name_of(model: str) -> str:
    return f"search_meaning_of_{blake2b(model.encode(), digest_size=8).hexdigest()}"


def _exists(model: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null", [name_of(model)])
        return bool(cursor.fetchone()[0])
