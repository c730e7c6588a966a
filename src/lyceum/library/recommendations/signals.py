"""Who showed taste for what, as arrays: the form in which ratings, orders and clicks are learnt from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.float32]
# Beyond these the oldest of one reader's signals teach nothing new, and cost the square of their number.
MOST_OF_ONE_READER = 1000


@dataclass(frozen=True)
class Signals:
    """One entry for each reader and item, by reader and then from the oldest to the newest.

    Readers and items are numbered from 0. `strengths` are 0 to 1; `moments` are seconds.
    """

    readers: Numbers
    items: Numbers
    strengths: Weights
    moments: NDArray[np.int64]
    reader_count: int
    item_count: int

    def __len__(self) -> int:
        return len(self.items)

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Where each reader's entries begin, and where the last one's end."""
        return np.searchsorted(self.readers, np.arange(self.reader_count + 1)).astype(np.int64)

    def by_reader(self) -> Iterator[tuple[int, slice]]:
        """Give each reader with the place of their newest entries."""
        bounds = self.bounds
        for reader in range(self.reader_count):
            end = int(bounds[reader + 1])
            yield reader, slice(max(int(bounds[reader]), end - MOST_OF_ONE_READER), end)

    def readers_of_items(self) -> NDArray[np.int64]:
        """Return how many readers each item has."""
        return np.bincount(self.items, minlength=self.item_count)


def pack(
    readers: Iterable[int],
    items: Iterable[int],
    moments: Iterable[int],
    strengths: Iterable[float] | None = None,
    *,
    reader_count: int,
    item_count: int,
) -> Signals:
    """Sort entries into signals. Of a pair that comes twice the stronger counts, and of two so strong the newer."""
    reader, item = np.fromiter(readers, np.int64), np.fromiter(items, np.int64)
    moment = np.fromiter(moments, np.int64)
    strength = np.ones(len(item), np.float32) if strengths is None else np.fromiter(strengths, np.float32)
    best = np.lexsort((-moment, -strength, item, reader))
    pair = (reader * item_count + item)[best]
    best = best[np.concatenate(([True], pair[1:] != pair[:-1]))] if len(pair) else best
    order = best[np.lexsort((item[best], moment[best], reader[best]))]
    return Signals(
        reader[order].astype(np.int32),
        item[order].astype(np.int32),
        strength[order],
        moment[order],
        reader_count,
        item_count,
    )


def fading(count: int, half_life: float) -> Weights:
    """Return how much each of a reader's `count` signals says of now, from the oldest to the newest, which says 1.

    Each `half_life` newer signals halve what one says; an endless half-life lets all say the same.
    """
    age = np.arange(count - 1, -1, -1, dtype=np.float32)
    return np.asarray(np.exp2(-age / np.float32(half_life)), np.float32)
