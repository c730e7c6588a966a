"""EASE^R: a linear model of which items go together, in closed form (Steck, "Embarrassingly Shallow Autoencoders for
Sparse Data", WWW 2019, equation 8).

With the Gram matrix G of readers' signals and P = (G + λI)^-1 the weight from item i to item j is -P[i,j] / P[j,j], and
0 from an item to itself. The price is one inverse of items × items: 400 MB and about n³·4/3 products for 10,000 items.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations import sparse
from lyceum.library.recommendations.signals import Signals, Weights
from lyceum.library.recommendations.sparse import Rows

# Chosen on the last signals of the training part of MovieLens (see docs/recommendations.md).
RIDGE = 200.0
SMALL = 256


def gram(signals: Signals) -> Weights:
    """Return how much each two items have readers in common; a reader costs the square of their signals."""
    found = np.zeros((signals.item_count, signals.item_count), np.float32)
    for _, own in signals.by_reader():
        items, strengths = signals.items[own], signals.strengths[own]
        found[np.ix_(items, items)] += np.outer(strengths, strengths)
    return found


def invert(matrix: NDArray[np.floating]) -> None:
    """Invert a symmetric positive definite matrix in its place, half by half (Schur complement).

    A third fewer products than `numpy.linalg.inv`, and half of its memory.
    """
    size = len(matrix)
    if size <= SMALL:
        matrix[:] = np.linalg.inv(matrix.astype(np.float64))
        return
    half = size // 2
    first, corner, second = matrix[:half, :half], matrix[:half, half:], matrix[half:, half:]
    invert(first)
    led = first @ corner
    second -= corner.T @ led
    invert(second)
    corner[:] = -led @ second
    first -= corner @ led.T
    matrix[half:, :half] = corner.T


def links(shared: Weights, *, most: int, ridge: float = RIDGE) -> Rows:
    """Return the strongest weights of each item, from the Gram matrix, which is used up.

    An item that nobody has read points nowhere.
    """
    unread = np.diagonal(shared) == 0
    shared.flat[:: len(shared) + 1] += np.float32(ridge)
    invert(shared)
    return _strongest(lambda part: shared[part], np.diagonal(shared).copy(), unread, most)


def links_by_readers(signals: Signals, *, most: int, ridge: float = RIDGE) -> Rows:
    """Return the same as `links` where readers are fewer than items: then the smaller side is inverted.

    P = (I - Xᵀ (XXᵀ + λI)^-1 X) / λ (Woodbury); the price is readers × items², and readers × items of memory.
    """
    taken = np.zeros((signals.reader_count, signals.item_count), np.float32)
    for reader, own in signals.by_reader():
        taken[reader, signals.items[own]] = signals.strengths[own]
    inner = taken @ taken.T
    inner.flat[:: len(inner) + 1] += np.float32(ridge)
    invert(inner)
    led = inner @ taken
    spread = (1 - np.einsum("ri,ri->i", taken, led)) / np.float32(ridge)

    def inverse(part: slice) -> Weights:
        block = taken[:, part].T @ led / np.float32(-ridge)
        block[np.arange(len(block)), np.arange(part.start, part.stop)] += np.float32(1 / ridge)
        return np.asarray(block, np.float32)

    return _strongest(inverse, spread, np.asarray(~taken.any(axis=0)), most)


def whole(signals: Signals, *, ridge: float = RIDGE) -> Callable[[int], Weights]:
    """Return what scores all items for a reader by the whole model, over all that they took, as it was published.

    The matrix is held in memory, for measuring; the product keeps the strongest links of each item.
    """
    inverse, bounds = gram(signals), signals.bounds
    inverse.flat[:: len(inverse) + 1] += np.float32(ridge)
    invert(inverse)
    spread = np.diagonal(inverse).copy()

    def score(reader: int) -> Weights:
        own = slice(bounds[reader], bounds[reader + 1])
        items, strengths = signals.items[own], signals.strengths[own]
        scores = -(strengths @ inverse[items]) / spread
        scores[items] += strengths
        return np.asarray(scores, np.float32)

    return score


def _strongest(inverse: Callable[[slice], Weights], spread: Weights, unread: NDArray[np.bool_], most: int) -> Rows:
    def weights(part: slice) -> Weights:
        block = inverse(part) / -spread
        sparse.point_away(block, part)
        block[unread[part]] = 0
        return np.asarray(block, np.float32)

    return sparse.strongest(weights, len(spread), most=most)
