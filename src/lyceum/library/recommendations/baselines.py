"""What the product's recommendations are measured beside: popularity, item neighbours, and ALS.

Each takes signals and returns a function that scores all items for a reader.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations.linear import gram
from lyceum.library.recommendations.neighbours import neighbours
from lyceum.library.recommendations.signals import Signals, Weights

Scorer: TypeAlias = Callable[[int], Weights]
# Chosen like our own recipe, on a part of the training data of MovieLens.
FACTORS, STEPS, CONFIDENCE, RIDGE = 32, 10, 1.0, 10.0
AT_ONCE = 256


def by_popularity(signals: Signals) -> Scorer:
    """Score items by their readers, the same for everybody."""
    readers = signals.readers_of_items().astype(np.float32)
    return lambda reader: readers


def by_neighbours(signals: Signals, *, most: int = 100) -> Scorer:
    """Score items by their cosine with what the reader has, all of it alike."""
    near, bounds = neighbours(gram(signals), most=most), signals.bounds

    def score(reader: int) -> Weights:
        own = signals.items[bounds[reader] : bounds[reader + 1]]
        return near.scores(own, np.ones(len(own), np.float32))

    return score


def by_factors(signals: Signals, *, seed: int = 7) -> Scorer:
    """Score items by the alternating least squares of implicit feedback (Hu, Koren and Volinsky, ICDM 2008)."""
    chance = np.random.default_rng(seed)
    of_items = chance.normal(0, 0.1, (signals.item_count, FACTORS))
    of_readers = np.zeros((signals.reader_count, FACTORS))
    by_item = np.argsort(signals.items, kind="stable")
    item_bounds = np.searchsorted(signals.items[by_item], np.arange(signals.item_count + 1))
    for _ in range(STEPS):
        of_readers = _solved(of_items, signals.items, signals.bounds)
        of_items = _solved(of_readers, signals.readers[by_item], item_bounds)
    return lambda reader: np.asarray(of_items @ of_readers[reader], np.float32)


def _solved(others: NDArray[np.float64], entries: NDArray[np.int32], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Find the factors of one side that fit best to those of the other."""
    count = len(bounds) - 1
    common = others.T @ others + RIDGE * np.eye(FACTORS)
    found = np.zeros((count, FACTORS))
    for start in range(0, count, AT_ONCE):
        part = range(start, min(start + AT_ONCE, count))
        left, right = np.empty((len(part), FACTORS, FACTORS)), np.empty((len(part), FACTORS))
        for place, number in enumerate(part):
            own = others[entries[bounds[number] : bounds[number + 1]]]
            left[place] = common + CONFIDENCE * (own.T @ own)
            right[place] = (1 + CONFIDENCE) * own.sum(axis=0)
        found[part.start : part.stop] = np.linalg.solve(left, right[..., None])[..., 0]
    return found
