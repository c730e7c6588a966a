"""Recommendations: how long a training takes, and how fast a list is made that is not kept yet.

A million ratings on 10,000 books, drawn from readers with tastes: each leans to a few of fifty subjects, and within a
subject to what is popular. They go into the database, and the product's own command reads, learns and stores. Beside
it the same ratings are factored by ALS, and each cold list stands beside the same number of books by popularity.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import uvloop

from bench import stage
from bench.http import load
from bench.stage import Server, Speaker, percentile

SUBJECTS, LEANINGS = 50, 3
OWN_RATINGS = 40
AT_ONCE = 100_000
AIM_SECONDS, AIM_MS = 60.0, 10.0
WARMING, COLD = 5, "recommended, cold"


@dataclass(frozen=True)
class Ratings:
    readers: np.ndarray  # type: ignore[type-arg]
    items: np.ndarray  # type: ignore[type-arg]
    marks: np.ndarray  # type: ignore[type-arg]


def draw(count: int, books: int, readers: int, seed: int = 11) -> Ratings:
    """Draw so many different pairs of reader and book; how much each reader reads follows a long tail."""
    chance = np.random.default_rng(seed)
    subject = chance.integers(0, SUBJECTS, books)
    fame = 1 / np.arange(1, books + 1) ** 0.8
    order = chance.permutation(books)
    shares = [np.where(subject == one, fame[order], 0) for one in range(SUBJECTS)]
    sums = [np.cumsum(share / share.sum()) for share in shares]
    diligence = chance.pareto(1.5, readers) + 0.2
    leanings = chance.integers(0, SUBJECTS, (readers, LEANINGS))
    pairs = np.empty(0, np.int64)
    while len(pairs) < count:
        who = chance.choice(readers, count, p=diligence / diligence.sum())
        about = leanings[who, chance.integers(0, LEANINGS, count)]
        what = np.empty(count, np.int64)
        for one in range(SUBJECTS):
            here = about == one
            what[here] = np.searchsorted(sums[one], chance.random(here.sum()), side="right")
        pairs = np.unique(np.concatenate([pairs, who * books + np.minimum(what, books - 1)]))
    chosen = chance.choice(pairs, count, replace=False)
    return Ratings(chosen // books, chosen % books, chance.choice([3, 4, 5], count, p=[0.2, 0.4, 0.4]))


def make_books(count: int) -> list[UUID]:
    from lyceum.library.models import Book, Category

    shelves = Category.objects.bulk_create(
        Category(name=f"Subject {n}", name_key=f"subject {n}") for n in range(SUBJECTS)
    )
    books = Book.objects.bulk_create(
        (
            Book(title=f"Book {n}", title_key=f"book {n}", description=f"On subject{n % SUBJECTS} and word{n % 997}.")
            for n in range(count)
        ),
        batch_size=2000,
    )
    links = Book.categories.through
    links.objects.bulk_create(
        (links(book_id=book.pk, category_id=shelves[n % SUBJECTS].pk) for n, book in enumerate(books)), batch_size=5000
    )
    return [book.pk for book in books]


def store(ratings: Ratings, books: list[UUID]) -> None:
    """Write ratings as those of another place; the figures of books are added up once, not a million times."""
    from django.db import connection

    insert = """
    insert into library_review
      (id, book_id, source, reader, rating, text, created_at, updated_at, version)
    select gen_random_uuid(), (%s::uuid[])[found.item + 1], 'bench', 'r' || found.reader, found.mark, '',
           now(), now(), 1
    from unnest(%s::int[], %s::int[], %s::int[]) as found (reader, item, mark)
    """
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        cursor.execute("alter table library_review disable trigger user")
        for start in range(0, len(ratings.items), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            columns = (ratings.readers[part], ratings.items[part], ratings.marks[part])
            cursor.execute(insert, [books, *(column.tolist() for column in columns)])
        cursor.execute("alter table library_review enable trigger user")
        cursor.execute(
            "update library_book set review_count = found.count, rating_sum = found.sum from (select book_id,"
            " count(*), sum(rating) from library_review group by book_id) found where found.book_id = library_book.id"
        )
        cursor.execute("reset statement_timeout")


def let_read(people: list[Speaker], books: list[UUID], ratings: Ratings) -> None:
    """Give each person the ratings of one of the drawn readers who has enough."""
    from lyceum.library.models import Review

    counts = np.bincount(ratings.readers)
    for person, reader in zip(people, np.flatnonzero(counts >= OWN_RATINGS), strict=False):
        own = np.flatnonzero(ratings.readers == reader)[:OWN_RATINGS]
        Review.objects.bulk_create(
            Review(book_id=books[ratings.items[place]], user_id=person.user_id, rating=int(ratings.marks[place]))
            for place in own
        )


def train(ratings: int) -> float:
    from lyceum.library.recommendations import versions

    parts: list[tuple[str, float]] = []
    started, worked = time.perf_counter(), time.process_time()

    def tell(part: str, done: float) -> None:
        if done >= 1.0:
            parts.append((part, time.perf_counter() - started))

    made = versions.train(tell)
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    steps = ", ".join(f"{part} at {at:.1f} s" for part, at in parts)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  Lyceum, from the database and back: {seconds:.1f} s for {made.figures['signals']:,} ratings of "
        f"{made.figures['readers']:,} readers on {made.figures['books']:,} books\n"
        f"  {work:.1f} s of its own processor, at most {megabytes:,.0f} MB; {steps}"
    )
    verdict = "reached" if seconds <= AIM_SECONDS else "MISSED"
    print(f"  {verdict}: at most {AIM_SECONDS:g} s for a million" if ratings >= 1_000_000 else "  a smaller run")
    return seconds


def factor(ratings: Ratings, books: int) -> float:
    """Train the baseline on the same ratings, in memory alone."""
    from lyceum.library.recommendations.baselines import by_factors
    from lyceum.library.recommendations.signals import pack

    signals = pack(
        ratings.readers,
        ratings.items,
        np.zeros(len(ratings.items), np.int64),
        reader_count=int(ratings.readers.max()) + 1,
        item_count=books,
    )
    started = time.perf_counter()
    by_factors(signals)
    seconds = time.perf_counter() - started
    print(f"  ALS, 32 factors, 10 steps, in memory: {seconds:.1f} s")
    return seconds


@dataclass(frozen=True)
class Asked:
    """What one after the other waited for a list, and what one cost the server's processor; in ms."""

    name: str
    delays: list[float]
    work: float


def ask_each(name: str, server: Server, people: list[Speaker], path: str) -> Asked:
    before = server.processor_seconds()
    delays = [uvloop.run(load(server.port, path, [person], 0.0))[0][0] for person in people]
    return Asked(name, delays, (server.processor_seconds() - before) * 1e3 / len(people))


def lists(server: Server, people: list[Speaker]) -> Iterator[Asked]:
    recommended = "/api/v1/books/recommended/?limit=20"
    first, others = people[:WARMING], people[WARMING:]
    ask_each("warming", server, first, recommended)
    yield ask_each(COLD, server, others, recommended)
    yield ask_each("recommended, kept", server, others, recommended)
    yield ask_each("20 books by popularity", server, others, "/api/v1/books/?order=-popular&page_size=20")


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    print(stage.machine())
    ratings = draw(options.ratings, options.books, max(100, options.ratings // 20))
    books, people = make_books(options.books), stage.make_people(options.people + WARMING)
    store(ratings, books)
    let_read(people, books, ratings)
    stage.settle()
    print("\nTraining")
    own = train(options.ratings)
    if options.peers:
        print(f"  ratio to ALS: {own / factor(ratings, options.books):.2f} ×")
    print(f"\nLists, {options.people} readers one after the other, each with {OWN_RATINGS} ratings")
    with stage.lyceum(environment) as server:
        for asked in lists(server, people):
            p50, p95 = percentile(asked.delays, 0.5), percentile(asked.delays, 0.95)
            print(f"  {asked.name:24} p50 {p50:5.1f} ms  p95 {p95:5.1f} ms  {asked.work:5.1f} ms of its processor")
            if asked.name == COLD:
                print(f"  {'reached' if p95 <= AIM_MS else 'MISSED'}: p95 at most {AIM_MS:g} ms")
