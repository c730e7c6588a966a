"""Simulated readers: what they rate and how, drawn from their tastes with fixed seeds and so always the same."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from lyceum.config.demo.books import HERE, Entry, tree

LEAST, MOST = 22, 64
# How often a rating comes with a text.
SPEAKS = 0.25
WORD_WEIGHTS = {"loves": 9.0, "likes": 3.0, "other": 0.06, "dislikes": 0.05}
WORD_RATINGS = {"loves": 4.45, "likes": 3.9, "other": 3.3, "dislikes": 2.2}
FOREIGN = 0.02


class Taste(msgspec.Struct, forbid_unknown_fields=True):
    """Readers who like the same; a category that nobody names is one that they may come across."""

    label: str
    readers: list[str]
    loves: list[str]
    likes: list[str]
    dislikes: list[str]
    languages: tuple[str, ...] = ("en",)

    def word_for(self, entry: Entry) -> str:
        for word, named in (("loves", self.loves), ("dislikes", self.dislikes), ("likes", self.likes)):
            if set(named) & set(entry.categories):
                return word
        return "other"

    def weight(self, entry: Entry) -> float:
        foreign = 1.0 if entry.language in self.languages else FOREIGN
        return WORD_WEIGHTS[self.word_for(entry)] * foreign * (0.4 + 2.2 * _quality(entry))


class Line(msgspec.Struct, forbid_unknown_fields=True):
    on: list[str]
    ratings: list[int]
    texts: list[str]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """A review by one of the school's people; `author` tells apart two books of one title."""

    who: str
    title: str
    rating: int
    text: str
    author: str = ""

    def is_of(self, entry: Entry) -> bool:
        return entry.title == self.title and any(name.startswith(self.author) for name in entry.authors)


class Readers(msgspec.Struct, forbid_unknown_fields=True):
    taste: list[Taste]
    line: list[Line]
    review: list[Said]


@dataclass(frozen=True)
class Rated:
    """One rating: by a simulated reader's name, of a book by its place in the list, so many days ago."""

    reader: str
    place: int
    rating: int
    text: str
    days_ago: float


def read() -> Readers:
    return msgspec.convert(tomllib.loads((HERE / "readers.toml").read_text(encoding="utf-8")), Readers)


def ratings(entries: list[Entry]) -> list[Rated]:
    """Draw what every simulated reader rated; nobody rates a book twice, and no text is said twice of one book."""
    known, words = read(), _Words(read().line)
    return [
        rated
        for taste in known.taste
        for name in taste.readers
        for rated in _of_reader(f"{name}, {taste.label}", taste, entries, words)
    ]


def _of_reader(reader: str, taste: Taste, entries: list[Entry], words: "_Words") -> Iterator[Rated]:
    chance = random.Random(reader)  # noqa: S311
    # Efraimidis and Spirakis: the greatest keys are a weighted sample without replacement.
    keys = [(chance.random() ** (1 / taste.weight(entry)), place) for place, entry in enumerate(entries)]
    for _, place in sorted(keys, reverse=True)[: chance.randint(LEAST, MOST)]:
        entry = entries[place]
        mean = WORD_RATINGS[taste.word_for(entry)] + _quality(entry) - 0.5
        rating = min(5, max(1, round(chance.gauss(mean, 0.7))))
        text = words.about(entry, rating, chance) if chance.random() < SPEAKS else ""
        yield Rated(reader, place, rating, text, days_ago=chance.uniform(1, 700))


def _quality(entry: Entry) -> float:
    """Return how well a book is liked by all, from 0 to 1: made up, and always the same."""
    return random.Random(entry.title + entry.authors[0] if entry.authors else entry.title).random()  # noqa: S311


class _Words:
    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._branch = {name: branch for branch, names in tree().items() for name in names}
        self._said: dict[str, int] = {}
        self._of_book: set[tuple[str, str]] = set()

    def about(self, entry: Entry, rating: int, chance: random.Random) -> str:
        """Return one of the texts said least so far that fit the book and the rating; empty where none does."""
        shelves = {*entry.categories, *(self._branch[name] for name in entry.categories)}
        fitting = [
            text
            for line in self._lines
            if rating in line.ratings and shelves & set(line.on)
            for text in line.texts
            if (entry.title, text) not in self._of_book
        ]
        if not fitting:
            return ""
        chance.shuffle(fitting)
        text = min(fitting, key=lambda one: self._said.get(one, 0))
        self._said[text] = self._said.get(text, 0) + 1
        self._of_book.add((entry.title, text))
        return text
