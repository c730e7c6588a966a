"""The same search by PostgreSQL's full text, as one would write it: weighted tsvector, GIN, facets by grouping, marks.

It forgives no slips, offers no other spelling, and finds nothing that is meant.
"""

import re
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from bench.books import Row

TABLE = """
drop table if exists bench_books;
create unlogged table bench_books (
  id uuid primary key, title text, author text, description text, categories text[], language text,
  price real, rating real, year int, popularity real, words tsvector
)
"""
# As in the engine: all of two words, else any; with the same facets, each under the selections but its own.
SEARCH = """
with asked as (select to_tsquery('english', %(query)s) as query),
found as materialized (
  select id, title, categories, language, price, rating, year, ts_rank(words, query) as rank
  from bench_books, asked where words @@ query
),
chosen as materialized (select * from found where %(category)s = '' or categories @> array[%(category)s])
select
  (select count(*) from chosen),
  (select json_agg(top) from (
     select best.id, best.title, ts_headline('english', best.title, query) as title_marked,
       ts_headline('english', book.description, query) as description_marked
     from (select * from chosen order by rank desc, id limit 20) best join bench_books book using (id), asked
   ) top),
  (select json_agg(f) from (
     select name, count(*) from found, unnest(categories) name group by 1 order by 2 desc limit 20) f),
  (select json_agg(f) from (
     select width_bucket(price, array[0, 10, 25, 50]::real[]) band, count(*) from chosen group by 1) f),
  (select json_agg(f) from (select floor(rating) stars, count(*) from chosen group by 1) f),
  (select json_agg(f) from (select language, count(*) from chosen group by 1 order by 2 desc limit 20) f),
  (select json_agg(f) from (select year, count(*) from chosen group by 1 order by 2 desc limit 20) f)
"""


class PostgresSearch:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def fill(self, rows: Sequence[Row]) -> float:
        """Load and index the books, and return the seconds."""
        started = time.perf_counter()
        self._connection.execute(TABLE)
        names = "id, title, author, description, categories, language, price, rating, year, popularity"
        with self._connection.cursor().copy(f"copy bench_books ({names}) from stdin") as copy:
            copy.set_types(["uuid", "text", "text", "text", "text[]", "text", "float4", "float4", "int4", "float4"])
            for row in rows:
                copy.write_row(
                    (row.id, row.title, row.author, row.description, list(row.categories), row.language, row.price,
                     row.rating, row.year, row.popularity)
                )  # fmt: skip
        self._connection.execute(
            "update bench_books set words = setweight(to_tsvector('english', title), 'A') || "
            "setweight(to_tsvector('simple', author), 'B') || setweight(to_tsvector('english', description), 'D')"
        )
        self._connection.execute("create index on bench_books using gin (words)")
        self._connection.execute("vacuum analyze bench_books")
        return time.perf_counter() - started

    def search(self, text: str, category: str) -> Any:
        words = re.findall(r"\w+", text)
        joined = (" & " if len(words) <= 2 else " | ").join(words) or "book"
        return self._connection.execute(SEARCH, {"query": joined, "category": category}).fetchone()
