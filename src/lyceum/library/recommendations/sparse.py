"""The strongest entries of each row of a matrix: what of a model is kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations.signals import Numbers, Weights

AT_ONCE = 512


@dataclass(frozen=True)
class Rows:
    """For each item the numbers and weights of those it points to, the strongest first; a number of -1 is none."""

    numbers: Numbers
    weights: Weights

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, number: int) -> tuple[Numbers, Weights]:
        """Return where an item points to, without the empty places."""
        filled = self.numbers[number] >= 0
        return self.numbers[number][filled], self.weights[number][filled]

    def scores(self, history: Numbers, weights: Weights) -> Weights:
        """Add up where a history points to, each of its items with its weight; one score for each item."""
        numbers, values = self.numbers[history], self.weights[history] * weights[:, None]
        filled = numbers >= 0
        return np.bincount(numbers[filled], values[filled], minlength=len(self)).astype(np.float32)


def strongest(block_of: Callable[[slice], Weights], count: int, *, most: int, only_positive: bool = False) -> Rows:
    """Keep the `most` entries of the greatest size in each row of a matrix of `count` rows that comes in blocks."""
    most = max(1, min(most, count))
    numbers, weights = np.full((count, most), -1, np.int32), np.zeros((count, most), np.float32)
    for start in range(0, count, AT_ONCE):
        part = slice(start, min(start + AT_ONCE, count))
        block = block_of(part)
        size = block if only_positive else np.abs(block)
        places = np.argpartition(size, -most, axis=1)[:, -most:] if most < count else np.argsort(size, axis=1)
        found = np.take_along_axis(size, places, 1)
        order = np.argsort(-found, axis=1, kind="stable")
        places = np.take_along_axis(places, order, 1)
        values = np.take_along_axis(block, places, 1)
        filled = values > 0 if only_positive else values != 0
        numbers[part], weights[part] = np.where(filled, places, -1), np.where(filled, values, 0)
    return Rows(numbers, weights)


def point_away(block: NDArray[np.floating], part: slice) -> None:
    """Let no item of a block of rows point to itself."""
    block[np.arange(len(block)), np.arange(part.start, part.stop)] = 0


def to_bytes(numbers: Numbers, weights: Weights) -> bytes:
    """Write one row as it is stored: numbers, then weights, four bytes each, little-endian."""
    return numbers.astype("<i4").tobytes() + weights.astype("<f4").tobytes()


def from_bytes(data: bytes) -> tuple[Numbers, Weights]:
    """Read what `to_bytes` wrote."""
    half = len(data) // 2
    return np.frombuffer(data[:half], "<i4"), np.frombuffer(data[half:], "<f4")


def sums(rows: Iterable[tuple[Numbers, Weights, float]]) -> tuple[Numbers, Weights]:
    """Add up rows, each with its weight; returns the numbers that they point to, and what each comes to."""
    parts = [(numbers, weights * np.float32(weight)) for numbers, weights, weight in rows]
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.float32)
    numbers, weights = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    total = np.bincount(numbers, weights)
    found = np.flatnonzero(total)
    return found.astype(np.int32), total[found].astype(np.float32)
