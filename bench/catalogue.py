"""The catalogue as people get it: over HTTP, from the database, the index and the vectors, all facets counted.

The same books and questions as of the engines alone. What an answer costs is the processor time of the web process;
PostgreSQL, which finds what is meant, works beside it on the same cores.
"""

import argparse
import http.client
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench import stage
from bench.books import CATEGORIES, Questions, Row
from bench.pacing import LIMITS, paces
from bench.report import Report
from bench.stage import Server
from lyceum.runtime import children
from lyceum.search import public as search

AT_ONCE = 2000
MOST_SECONDS = 1800.0


def fill(rows: Sequence[Row]) -> dict[str, UUID]:
    """Write the books into the catalogue; returns the ids of the categories by their names."""
    from lyceum.library.models import Author, Book, BookAuthor, Category

    categories = {name: Category(name=name, name_key=name.lower()) for name in CATEGORIES}
    authors = {name: Author(last_name=name[:150], name_key=name[:150].lower()) for name in {row.author for row in rows}}
    Category.objects.bulk_create(categories.values())
    Author.objects.bulk_create(authors.values(), batch_size=AT_ONCE)
    Book.objects.bulk_create((_book(row) for row in rows), batch_size=AT_ONCE)
    BookAuthor.objects.bulk_create(
        (BookAuthor(book_id=row.id, author=authors[row.author], place=0) for row in rows), batch_size=AT_ONCE
    )
    links = Book.categories.through
    links.objects.bulk_create(
        (links(book_id=row.id, category_id=categories[name].pk) for row in rows for name in row.categories),
        batch_size=AT_ONCE,
    )
    stage.settle()
    return {name: category.pk for name, category in categories.items()}


def _book(row: Row) -> Any:
    from lyceum.library.models import Book, key_of

    readers = int(row.popularity * 100)
    return Book(
        id=row.id,
        title=row.title,
        title_key=key_of(row.title),
        description=row.description,
        price=row.price,
        stock=3,
        language=row.language,
        publication_year=row.year,
        review_count=readers,
        rating_sum=int(readers * row.rating),
    )


def embed() -> tuple[str, int, float]:
    """Give all books their vectors; returns the model, how many, and the seconds."""
    from lyceum.search.vectors import embedding

    started = time.perf_counter()
    embedding.start()
    embedding.advance(seconds=3600)
    serving = embedding.status()["serving"]
    return serving["model"], serving["done"], time.perf_counter() - started


def measure(environment: dict[str, str], rows: Sequence[Row], report: Report, options: argparse.Namespace) -> None:
    report.title("the product, over HTTP")
    categories = fill(rows)
    with served(environment, len(rows)) as (server, seconds):
        rate = len(rows) / seconds
        report.add("indexing", "product", f"{rate:8,.0f} books a second, from the database", books_a_second=rate)
        name, done, took = embed()
        report.add("vectors", name, f"{done / took:8,.0f} books a second", books_a_second=done / took)
        stage.settle()
        client, asked = Client(server.port), Questions(rows, random.Random(7))
        for mode in ("hybrid", "lexical"):
            found = partial(client.get, lambda mode=mode: search_path(asked, categories, mode))
            paces(report, f"product search, {mode}", found, LIMITS["search"], options)
        autocomplete = partial(client.get, lambda: "search/autocomplete/?" + urlencode({"q": asked.start()}))
        paces(report, "product autocomplete", autocomplete, LIMITS["autocomplete"], options)
        similar = partial(client.get, lambda: f"search/similar/?book_id={asked.book()}")
        paces(report, "product similar", similar, LIMITS["similar"], options)


def search_path(asked: Questions, categories: dict[str, UUID], mode: str) -> str:
    chosen = {"category": categories[asked.category()]} if asked.chance.random() < 0.3 else {}
    return "search/?" + urlencode({"q": asked.text(), "mode": mode, **chosen})


class Client:
    """Asks as somebody signed in, over a kept connection for each thread."""

    def __init__(self, port: int) -> None:
        self._port, self._own = port, threading.local()
        self._headers = {"Authorization": f"Bearer {stage.make_people(1)[0].access}"}

    def get(self, path: Callable[[], str]) -> bytes:
        answer = self._ask("/api/v1/" + path())
        body = bytes(answer.read())
        if answer.status != 200:
            raise stage.Unusable(f"{answer.status}: {body.decode()[:300]}")
        return body

    def _ask(self, path: str) -> http.client.HTTPResponse:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection: http.client.HTTPConnection = self._own.connection
        try:
            connection.request("GET", path, headers=self._headers)
            return connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server let go of a connection that nobody had asked over for some seconds.
            connection.close()
        connection.request("GET", path, headers=self._headers)
        return connection.getresponse()


@contextmanager
def served(environment: dict[str, str], count: int) -> Iterator[tuple[Server, float]]:
    """Serve the catalogue beside its indexer; also says in how many seconds the books were indexed."""
    indexer = children.start([sys.executable, "-m", "lyceum.runtime.cli", "indexer"], env=environment)
    started = time.perf_counter()
    try:
        while search.state().documents.get("book", 0) < count:
            if indexer.poll() is not None or time.perf_counter() - started > MOST_SECONDS:
                raise stage.Unusable("the books were not indexed")
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        with stage.lyceum(environment) as server:
            yield server, seconds
    finally:
        children.stop(indexer)
