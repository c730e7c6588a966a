"""Search figures: indexing, search with facets, autocomplete and similar books, at a pace and at the pace they bear.

Asked of the engine as a web process does, from threads of one process, without HTTP. Paced: 25 users ask once a second
each, at moments of their own; a question that waits for a thread has waited. Then the pace is doubled until p95 leaves
the limit. PostgreSQL answers the same search with the same facets, and OpenSearch too where SEARCH_URL names a server.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

import psycopg

from bench import stage
from bench.books import DECLARATION, Row, document, make, read
from bench.postgres_search import PostgresSearch
from bench.report import Report
from bench.stage import percentile
from lyceum.search.contracts import Band, Bands, Change, Everything, IsOneOf, SearchRequest, Terms
from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.engine import SearchEngine
from lyceum.search.opensearch.engine import OpenSearch
from lyceum.search.query import parse

DATA = Path(__file__).parents[2] / "shared" / "data" / "goodbooks" / "books.csv"
USERS, THREADS = 25, 8
BULK = 5000
# Milliseconds at p95 (spec, "Must reach").
LIMITS = {"search": 25.0, "autocomplete": 5.0, "similar": 10.0}
FACETS = (
    Terms("categories", "categories"),
    Bands("price", "price", (Band("0-10", 0, 10), Band("10-25", 10, 25), Band("25-50", 25, 50), Band("50+", 50, None))),
    Bands("rating", "rating", tuple(Band(f"{stars}+", stars, None) for stars in (4, 3, 2, 1))),
    Terms("language", "language"),
    Terms("year", "year"),
)
Ask = Callable[[], object]


@dataclass(frozen=True)
class Questions:
    """What people ask, drawn from the books themselves."""

    rows: Sequence[Row]
    chance: random.Random

    def text(self) -> str:
        words = [word for word in self.chance.choice(self.rows).title.split() if word.isalpha()] or ["book"]
        text = " ".join(self.chance.sample(words, k=min(len(words), self.chance.choice([1, 2, 2, 3]))))
        # One in ten has a slip.
        return text[:3] + text[4:] if self.chance.random() < 0.1 and len(text) > 6 else text

    def start(self) -> str:
        return self.chance.choice(self.rows).title[: self.chance.randint(2, 10)]

    def book(self) -> UUID:
        return self.chance.choice(self.rows).id

    def category(self) -> str:
        return self.chance.choice(self.rows).categories[0]


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
        for engine in engines:
            measure(engine, rows, report, options)
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


def paces(report: Report, name: str, ask: Ask, limit: float, options: argparse.Namespace) -> None:
    """Ask at the pace of 25 users, then faster and faster until the limit is left."""
    for _ in range(100):
        ask()
    rate = float(options.users)
    last = 0.0
    while True:
        delays, work = paced(ask, rate, options.seconds)
        p50, p95, p99 = (percentile(delays, share) for share in (0.5, 0.95, 0.99))
        waits = f"p50 {p50:7.2f}  p95 {p95:7.2f}  p99 {p99:7.2f} ms (limit {limit:g})"
        line = f"{rate:6,.0f} a second: {waits}, {work:.2f} ms of work here"
        report.add(name, f"{rate:g}", line, p50_ms=p50, p95_ms=p95, p99_ms=p99, work_ms=work)
        if p95 > limit or rate >= options.most_rate or not report.has_time(name):
            break
        last, rate = rate, rate * 2
    print(f"  {name}: within the limit up to {last:,.0f} a second" if p95 > limit else f"  {name}: within it at all")


def paced(ask: Ask, rate: float, seconds: float) -> tuple[list[float], float]:
    """Ask at moments spread by chance, and return what each waited, also for a free thread, and the work of one.

    The work is processor time of this process, which other programs of the machine do not lengthen.
    """
    chance, worked = random.Random(11), time.process_time()
    moments = sorted(chance.uniform(0, seconds) for _ in range(int(rate * seconds)))
    started = time.perf_counter()

    def one(moment: float) -> float:
        ask()
        return (time.perf_counter() - started - moment) * 1000

    with ThreadPoolExecutor(THREADS) as pool:
        delays = [future.result() for future in [pool.submit(one, moment) for moment in _in_time(moments, started)]]
    return delays, (time.process_time() - worked) * 1000 / len(delays)


def _in_time(moments: Sequence[float], started: float) -> Iterator[float]:
    for moment in moments:
        wait = moment - (time.perf_counter() - started)
        if wait > 0:
            time.sleep(wait)
        yield moment
