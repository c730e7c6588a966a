"""The words of an index, to find those that somebody may have meant.

Tantivy forgives slips by itself, but scores what it finds so as if it were no word at all, cannot keep the first
letter, and does not tell what it found. So the words are read from it, by their first letter and when they are
needed, and compared here, all of one letter at once.
"""

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import tantivy

LONGEST = 24
# A word list may take this share of the time: a long one is read again more seldom.
SHARE = 0.02
MOST_REMEMBERED = 5000


@dataclass(frozen=True)
class Near:
    """A word of the index near to one asked for: how many slips lie between, and in how many documents it is."""

    word: str
    slips: int
    documents: int


@dataclass
class _Read:
    """What was read of one commit, when, and how long that took."""

    searcher: tantivy.Searcher
    read_at: float
    took: float

    def is_fresh(self, searcher: tantivy.Searcher) -> bool:
        return self.searcher is searcher or time.monotonic() - self.read_at < self.took / SHARE


@dataclass
class _Letters(_Read):
    """The letters with which words begin."""

    letters: frozenset[str]


@dataclass
class _Words(_Read):
    """Those that begin with one letter, in order."""

    words: list[str]
    documents: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint32]
    remembered: dict[tuple[str, int, bool], list[Near]] = field(default_factory=dict)


class Vocabulary:
    """The words of some fields of one generation."""

    def __init__(self, searcher: tantivy.Searcher, fields: list[str]) -> None:
        self._searcher, self._fields = searcher, fields
        self._words: dict[str, _Words] = {}
        self._first: _Letters | None = None
        self._lock = threading.Lock()

    def follow(self, searcher: tantivy.Searcher) -> None:
        """Go by a newer commit, each letter when it is next asked for and was not read just now."""
        self._searcher = searcher

    def beginning_with(self, start: str, most: int) -> list[Near]:
        """Return the most frequent words that begin so, without the very word."""
        found = self._of(start[:1])
        low, high = bisect_left(found.words, start), bisect_left(found.words, start + "\U0010ffff")
        best = low + np.argsort(-found.documents[low:high], kind="stable")[: most + 1]
        words = [Near(found.words[at], 0, int(found.documents[at])) for at in best]
        return [near for near in words if near.word != start][:most]

    def near(self, word: str, slips: int, *, is_open: bool = False) -> list[Near]:
        """Return the words with the same first letter and at most so many slips, without the very word.

        With `is_open` the word may go on: only its beginning is compared.
        """
        found = self._of(word[:1])
        asked = (word, slips, is_open)
        if asked not in found.remembered:
            if len(found.remembered) >= MOST_REMEMBERED:
                found.remembered.clear()
            found.remembered[asked] = _near(found, word, slips, is_open=is_open)
        return found.remembered[asked]

    def anywhere_near(self, word: str, slips: int) -> list[Near]:
        """Do as `near`, but the first letter may be wrong too; slower, for what was not found otherwise."""
        found = [near for letter in self._letters() for near in _near(self._of(letter), word, slips, is_open=False)]
        return sorted(found, key=lambda near: (near.slips, near.word[:1] != word[:1], -near.documents))

    def has(self, word: str) -> bool:
        found = self._of(word[:1])
        at = bisect_left(found.words, word)
        return at < len(found.words) and found.words[at] == word

    def _of(self, letter: str) -> _Words:
        known = self._words.get(letter)
        if known is not None and known.is_fresh(self._searcher):
            return known
        with self._lock:
            known = self._words.get(letter)
            if known is None or not known.is_fresh(self._searcher):
                known = self._words[letter] = self._load(letter)
            return known

    def _letters(self) -> frozenset[str]:
        known = self._first
        if known is None or not known.is_fresh(self._searcher):
            started, searcher = time.monotonic(), self._searcher
            letters = frozenset(word[:1] for word, _ in self._read(""))
            now = time.monotonic()
            known = self._first = _Letters(searcher, now, now - started, letters)
        return known.letters

    def _load(self, letter: str) -> _Words:
        started, searcher = time.monotonic(), self._searcher
        found = [(word, count) for word, count in self._read(letter) if len(word) <= LONGEST]
        words = [word for word, _ in found]
        codes = np.zeros((len(words), LONGEST), np.uint32)
        if words:
            padded = "".join(word.ljust(LONGEST, "\0") for word in words)
            codes[:] = np.frombuffer(padded.encode("utf-32-le"), np.uint32).reshape(-1, LONGEST)
        documents = np.array([count for _, count in found], np.int64)
        lengths = np.array([len(word) for word in words], np.int64)
        now = time.monotonic()
        return _Words(searcher, now, now - started, words, documents, lengths, codes)

    def _read(self, letter: str) -> list[tuple[str, int]]:
        counts: dict[str, int] = defaultdict(int)
        for name in self._fields:
            for word, count in self._searcher.terms_with_prefix(name, letter):
                counts[word] = max(counts[word], count)
        return sorted(counts.items())


def _near(found: _Words, word: str, slips: int, *, is_open: bool) -> list[Near]:
    shortest, longest = len(word) - slips, LONGEST if is_open else len(word) + slips
    rows = np.flatnonzero((found.lengths >= shortest) & (found.lengths <= longest))
    if not len(rows) or not slips or len(word) > LONGEST:
        return []
    width = min(LONGEST, len(word) + slips)
    whole, beginning = distances(word, found.codes[rows, :width], np.minimum(found.lengths[rows], width))
    apart = beginning if is_open else whole
    close = np.flatnonzero(apart <= slips)
    near = [Near(found.words[rows[at]], int(apart[at]), int(found.documents[rows[at]])) for at in close]
    return sorted((one for one in near if one.word != word), key=lambda one: (one.slips, -one.documents, one.word))


def distances(
    word: str, codes: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return how far a word is from each of many, and from the nearest beginning of each.

    The distance is that of Damerau and Levenshtein in the form of optimal string alignment: a letter wrong, missing
    or too many, or two exchanged, is one. `codes` holds a word in each row, filled up with zeros.
    """
    count, width = codes.shape
    steps = np.arange(width + 1, dtype=np.int16)
    before = np.broadcast_to(steps, (count, width + 1))
    long_before = before
    signs = [ord(sign) for sign in word]
    for row, sign in enumerate(signs):
        is_same = codes == sign
        now = np.empty((count, width + 1), np.int16)
        now[:, 0] = row + 1
        now[:, 1:] = np.minimum(before[:, :-1] + ~is_same, before[:, 1:] + 1)
        if row:
            is_exchanged = is_same[:, :-1] & (codes[:, 1:] == signs[row - 1])
            now[:, 2:] = np.where(is_exchanged, np.minimum(now[:, 2:], long_before[:, :-2] + 1), now[:, 2:])
        # What one letter too many costs goes on to the right.
        now = np.minimum.accumulate(now - steps, axis=1) + steps
        long_before, before = before, now
    whole = before[np.arange(count), lengths].astype(np.int64)
    reached = np.where(steps[None, :] <= lengths[:, None], before, np.int16(32000))
    return whole, reached.min(axis=1).astype(np.int64)
