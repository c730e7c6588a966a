"""Books that are about the same: tf-idf of their words, compared through an inverted list.

Each book keeps its heaviest words, and words that many books have are left out, so that a book is compared with those
alone that share a telling word with it: 100,000 books take seconds, where a full comparison would take 10¹⁰ steps.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lyceum.core.folding import fold
from lyceum.library.recommendations.signals import Numbers, Weights
from lyceum.library.recommendations.sparse import Rows

WORD = re.compile(r"[^\W_]{3,}")
WORDS_KEPT = 40
# A word in more books than this tells little, and its list would be long.
MOST_SHARED = 2000
TITLE, NAME, CATEGORY, TEXT = 3.0, 4.0, 3.0, 1.0


@dataclass(frozen=True)
class Text:
    """What a book says of itself. `names` are its authors', `categories` those of its shelves."""

    title: str
    names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    description: str = ""


def words(text: Text) -> dict[str, float]:
    """Weigh the words of a book; a whole author and a whole category are each one word."""
    found: defaultdict[str, float] = defaultdict(float)
    for weight, part in ((TITLE, text.title), (TEXT, text.description)):
        for word in WORD.findall(fold(part)):
            found[word] += weight
    for weight, mark, parts in ((NAME, "by:", text.names), (CATEGORY, "in:", text.categories)):
        for part in parts:
            found[mark + fold(part)] += weight
    return found


def alike(texts: Sequence[Text], *, most: int, tell: Callable[[float], None] = lambda done: None) -> Rows:
    """Return the nearest books of each by their words; cosines, so that the same text has 1.

    `tell` hears the part that is done.
    """
    vectors = _vectors([words(text) for text in texts])
    lists = _lists(vectors)
    most = max(1, min(most, len(texts)))
    numbers, weights = np.full((len(texts), most), -1, np.int32), np.zeros((len(texts), most), np.float32)
    for number, vector in enumerate(vectors):
        if number % 1000 == 999:
            tell(number / len(texts))
        near = _near(number, vector, lists, len(texts), most)
        numbers[number, : len(near[0])], weights[number, : len(near[0])] = near
    return Rows(numbers, weights)


def _vectors(counts: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Weigh words by how few books have them (tf-idf with a logarithm of tf), at length 1."""
    spread = Counter(word for count in counts for word in count)
    rare = {word: math.log(1 + len(counts) / books) for word, books in spread.items()}
    return [_unit({word: (1 + math.log(n)) * rare[word] for word, n in count.items()}) for count in counts]


def _unit(vector: dict[str, float]) -> dict[str, float]:
    heaviest = sorted(vector.items(), key=lambda pair: (-pair[1], pair[0]))[:WORDS_KEPT]
    length = math.sqrt(sum(weight * weight for _, weight in heaviest)) or 1.0
    return {word: weight / length for word, weight in heaviest}


def _lists(vectors: Iterable[dict[str, float]]) -> dict[str, tuple[Numbers, Weights]]:
    """Turn vectors round: for each word the books that have it; without words that only one has, or too many."""
    found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, vector in enumerate(vectors):
        for word, weight in vector.items():
            found[word].append((number, weight))
    return {
        word: (np.array([n for n, _ in books], np.int32), np.array([w for _, w in books], np.float32))
        for word, books in found.items()
        if 1 < len(books) <= MOST_SHARED
    }


def _near(
    number: int, vector: dict[str, float], lists: dict[str, tuple[Numbers, Weights]], count: int, most: int
) -> tuple[Numbers, Weights]:
    parts = [(lists[word][0], lists[word][1] * np.float32(weight)) for word, weight in vector.items() if word in lists]
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.float32)
    places = np.concatenate([books for books, _ in parts])
    total = np.bincount(places, np.concatenate([weights for _, weights in parts]), minlength=count)
    total[number] = 0
    best = np.argpartition(total, -most)[-most:] if most < count else np.arange(count)
    best = best[np.argsort(-total[best], kind="stable")]
    best = best[total[best] > 0]
    return best.astype(np.int32), total[best].astype(np.float32)


def editions(texts: Sequence[Text], near: Rows, *, at_least: float = 0.9) -> Numbers:
    """Say which books are near-duplicates of each other: all of one kind carry the number of their first.

    Two are when their titles and an author are the same, whatever stands in brackets, or when nearly all their
    words are.
    """
    first = np.arange(len(texts), dtype=np.int32)
    seen: dict[tuple[str, str], int] = {}
    for number, text in enumerate(texts):
        for name in text.names:
            _join(first, number, seen.setdefault((title_key(text.title), fold(name)), number))
    for number in range(len(texts)):
        for other, weight in zip(*near.row(number), strict=True):
            if weight >= at_least:
                _join(first, number, int(other))
    return np.array([_root(first, number) for number in range(len(texts))], np.int32)


def title_key(title: str) -> str:
    """Return a title without what is in brackets, case, accents and marks: that of its other editions."""
    bare = re.sub(r"[(\[].*?[)\]]", " ", title)
    return " ".join(re.findall(r"\w+", fold(bare))) or fold(title)


def _root(first: Numbers, number: int) -> int:
    while first[number] != number:
        first[number] = first[first[number]]
        number = int(first[number])
    return number


def _join(first: Numbers, one: int, other: int) -> None:
    a, b = _root(first, one), _root(first, other)
    first[max(a, b)] = min(a, b)
