"""Which categories a book may belong to, by what its text means beside the books that stand there; pure."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lyceum.search.embeddings.protocol import Embedder, normalised
from lyceum.search.embeddings.wordllama import WordLlama

Vectors: TypeAlias = NDArray[np.float32]
# What a category is called counts as much as one book in it.
NAME_COUNTS = 1.0
# How sharply likeness becomes a share: found on the demo's books, `lyceum evaluate categories` prints how well.
SHARPNESS = 0.04
# Less than this is a guess; more than three is no help.
LEAST_SCORE, MOST_SUGGESTED = 0.2, 3


@dataclass(frozen=True)
class Example:
    """The text of a book and the categories in which it stands."""

    text: str
    categories: Set[str]


@cache
def model() -> Embedder:
    """Return the model that is always there: what it learns from is read anew each time, so it has to be quick."""
    return WordLlama()


def text_of(title: str, subtitle: str, description: str) -> str:
    return "\n".join(part for part in (title, subtitle, description) if part)


@dataclass(frozen=True)
class Shelves:
    """Sums of the vectors of the books in each category, and of its name; names are in the order of the rows."""

    names: Sequence[str]
    sums: Vectors

    def scores(self, vector: Vectors) -> dict[str, float]:
        """Return how likely a book belongs to each category; they add up to one."""
        likeness = normalised(self.sums) @ vector
        shares = np.exp((likeness - likeness.max(initial=0.0)) / SHARPNESS)
        return dict(zip(self.names, (shares / shares.sum()).tolist(), strict=True))

    def without(self, vector: Vectors, own: Set[str]) -> "Shelves":
        """Return the shelves as if this book did not stand there."""
        is_own = np.array([[name in own] for name in self.names], dtype=np.float32)
        return Shelves(self.names, self.sums - is_own * vector)


def learn(names: Mapping[str, Vectors], examples: Sequence[tuple[Vectors, Set[str]]]) -> Shelves:
    """Learn from books with their categories; `names` are the vectors of what the categories are called."""
    keys = list(names)
    rows = {key: row for row, key in enumerate(keys)}
    sums = np.array([NAME_COUNTS * names[key] for key in keys], dtype=np.float32)
    for vector, own in examples:
        for key in own:
            sums[rows[key]] += vector
    return Shelves(keys, sums)


def best(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return what is worth suggesting, the likeliest first."""
    found = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:MOST_SUGGESTED]
    return [(name, score) for name, score in found if score >= LEAST_SCORE]
