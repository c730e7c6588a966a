"""Search figures: indexing, search with facets, autocomplete and similar books, at a pace and at the pace they bear.

First of the engine, as a web process asks it, from threads of one process, without HTTP; then of the whole product over
HTTP (`bench.catalogue`). Paced: 25 users ask once a second each, at moments of their own; a question that waits for a
thread has waited. Then the pace is doubled until p95 leaves the limit. PostgreSQL answers the same search with the same
facets, and OpenSearch too where SEARCH_URL names a server.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import psycopg

from bench import catalogue, stage
from bench.books import DECLARATION, Questions, Row, document, make, read
from bench.pacing import LIMITS, THREADS, Ask, paces
from bench.postgres_search import PostgresSearch
from bench.report import Report
from lyceum.search.contracts import Band, Bands, Change, Everything, IsOneOf, SearchRequest, Terms
from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.engine import SearchEngine
from lyceum.search.opensearch.engine import OpenSearch
from lyceum.search.query import parse

DATA = Path(__file__).parents[2] / "shared" / "data" / "goodbooks" / "books.csv"
USERS = 25
BULK = 5000
FACETS = (
    Terms("categories", "categories"),
    Bands("price", "price", (Band("0-10", 0, 10), Band("10-25", 10, 25), Band("25-50", 25, 50), Band("50+", 50, None))),
    Bands("rating", "rating", tuple(Band(f"{stars}+", stars, None) for stars in (4, 3, 2, 1))),
    Terms("language", "language"),
    Terms("year", "year"),
)


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    if not options.data.exists():
        raise SystemExit(f"The titles are missing: {options.data}. Name another file with --data.")
    report = Report(options.most_minutes)
    rows = list(make(read(options.data), options.books))
    print(f"{stage.machine()}; {len(rows):,} books")
    folder = Path(tempfile.mkdtemp(prefix="lyceum-bench-"))
    try:
        engines: list[SearchEngine] = [TantivyEngine(folder)]
        if url := environment.get("SEARCH_URL"):
            engines.append(OpenSearch(url, prefix="lyceum-bench"))
        for engine in engines if options.engines else []:
            measure(engine, rows, report, options)
        if options.served:
            catalogue.measure(environment, rows, report, options)
        if options.peers:
            peer(environment["DATABASE_URL"], rows, report, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(engine: SearchEngine, rows: Sequence[Row], report: Report, options: argparse.Namespace) -> None:
    report.title(engine.name)
    engine.begin(DECLARATION)
    worked = time.process_time()
    seconds = fill(engine, rows)
    work = (time.process_time() - worked) * 1e6 / len(rows)
    engine.switch(DECLARATION.kind)
    rate = len(rows) / seconds
    line = f"{rate:8,.0f} books a second, {work:.0f} µs of work here for each"
    report.add("indexing", engine.name, line, books_a_second=rate, work_us=work)
    for name, ask in asks(engine, rows).items():
        paces(report, f"{engine.name} {name}", ask, LIMITS[name], options)


def fill(engine: SearchEngine, rows: Sequence[Row]) -> float:
    started, rest = time.perf_counter(), iter(rows)
    while bulk := list(islice(rest, BULK)):
        changes = [Change(row.id, 1, document(row)) for row in bulk]
        engine.apply(DECLARATION, changes, building=True)
    engine.commit(DECLARATION.kind, building=True)
    return time.perf_counter() - started


def asks(engine: SearchEngine, rows: Sequence[Row]) -> dict[str, Ask]:
    asked = Questions(rows, random.Random(7))

    def search() -> object:
        selections = {"categories": IsOneOf("categories", (asked.category(),))} if asked.chance.random() < 0.3 else {}
        query = parse(asked.text(), DECLARATION)
        request = SearchRequest(
            DECLARATION.kind, query, Everything(), selections, FACETS, highlights=("title", "description"), suggest=True
        )
        return engine.search(DECLARATION, request)

    return {
        "search": search,
        "autocomplete": lambda: engine.complete(DECLARATION, asked.start(), visible=Everything(), size=10),
        "similar": lambda: engine.more_like_this(DECLARATION, asked.book(), visible=Everything(), size=10),
    }


def peer(url: str, rows: Sequence[Row], report: Report, options: argparse.Namespace) -> None:
    report.title("PostgreSQL full text")
    asked = Questions(rows, random.Random(7))
    with psycopg.connect(url, autocommit=True) as connection:
        seconds = PostgresSearch(connection).fill(rows)
    report.add(
        "indexing", "postgresql", f"{len(rows) / seconds:8,.0f} books a second", books_a_second=len(rows) / seconds
    )
    searches = [PostgresSearch(psycopg.connect(url, autocommit=True)) for _ in range(THREADS)]
    free = list(searches)

    def search() -> object:
        one = free.pop()
        try:
            return one.search(asked.text(), asked.category() if asked.chance.random() < 0.3 else "")
        finally:
            free.append(one)

    paces(report, "postgresql search", search, LIMITS["search"], options)
