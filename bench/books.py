"""Books for the benchmark of search, made from the real titles and authors of goodbooks, and what people ask of them;
the same in every run."""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from lyceum.search.contracts import Completion, Declaration, Document, Everything, Keyword, Number, Text

CATEGORIES = (
    "Fiction", "Fantasy", "Science fiction", "Crime", "Romance", "History", "Biography", "Science", "Art", "Travel",
    "Children", "Comics", "Poetry", "Philosophy", "Religion", "Cooking", "Business", "Health", "Nature", "Music",
)  # fmt: skip
LANGUAGES = ("en", "en", "en", "en", "de", "fr", "es", "it")
DESCRIPTION_WORDS = 40


@dataclass(frozen=True)
class Row:
    """One book as all engines get it."""

    id: UUID
    title: str
    author: str
    description: str
    categories: tuple[str, ...]
    price: float
    rating: float
    year: int
    language: str
    popularity: float


def read(path: Path) -> list[tuple[str, str, int]]:
    """Return titles, authors and numbers of ratings of the real books."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["title"], row["authors"], int(row["ratings_count"])) for row in rows]


def make(real: list[tuple[str, str, int]], count: int) -> Iterator[Row]:
    """Make books: the real ones first, then real titles with words of others; descriptions of real words."""
    chance = random.Random(5)
    words = [word for title, _, _ in real for word in title.split() if word.isalpha()]
    most = max(ratings for _, _, ratings in real)
    for number in range(count):
        title, author, ratings = real[number % len(real)]
        if number >= len(real):
            title = f"{title.partition(' (')[0]}: {' '.join(chance.choices(words, k=3))}"
        yield Row(
            UUID(int=(number << 64) | (7 << 76) | (8 << 60) | chance.getrandbits(60)),
            title,
            author,
            " ".join(chance.choices(words, k=DESCRIPTION_WORDS)),
            tuple(dict.fromkeys(chance.choices(CATEGORIES, k=2))),
            round(chance.uniform(3, 70), 2),
            round(chance.uniform(2, 5), 1),
            chance.randint(1950, 2024),
            chance.choice(LANGUAGES),
            round(ratings / most * (1 if number < len(real) else chance.random() / 2), 6),
        )


def document(row: Row) -> Document:
    values = {
        "title": row.title,
        "author": row.author,
        "description": row.description,
        "categories": list(row.categories),
        "language": row.language,
        "price": row.price,
        "rating": row.rating,
        "year": row.year,
        "completion": row.title,
    }
    return Document(row.id, row.title, f"/books/{row.id}/", values, row.language, row.popularity)


DECLARATION = Declaration(
    kind="bench_books",
    fields=(
        Text("title", boost=3),
        Text("author", boost=2, by_language=False),
        Text("description"),
        Keyword("categories"),
        Keyword("language"),
        Number("price"),
        Number("rating"),
        Number("year"),
        Completion("completion"),
    ),
    load=lambda ids: [],
    ids=lambda after: [],
    visible=lambda asker: Everything(),
    similar=("title", "description", "categories"),
)


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
