"""How good a list is, with what the reader took next as the only truth; each figure but novelty is 0 to 1.

`ranked` are the items of a list, the best first; `wanted` those that the reader took.
"""

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def ndcg(ranked: Sequence[int], wanted: Collection[int], at: int = 10) -> float:
    """Return the discounted gain of the first `at`, as a part of the best possible (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(ranked[:at]) if item in wanted)
    best = sum(1 / math.log2(place + 2) for place in range(min(at, len(wanted))))
    return gain / best if best else 0.0


def recall(ranked: Sequence[int], wanted: Collection[int], at: int = 20) -> float:
    """Return the part of what is wanted that is among the first `at`."""
    return len(set(ranked[:at]) & set(wanted)) / len(wanted) if wanted else 0.0


def coverage(lists: Iterable[Sequence[int]], item_count: int, at: int = 10) -> float:
    """Return the part of all items that is in anybody's first `at`."""
    shown = {item for ranked in lists for item in ranked[:at]}
    return len(shown) / item_count if item_count else 0.0


def novelty(lists: Iterable[Sequence[int]], readers_of: NDArray[np.int64], reader_count: int, at: int = 10) -> float:
    """Return how unexpected what is shown is, in bits: the mean of -log2 of the part of readers who have read it.

    An item that nobody has read counts as if one had (Zhou et al., "Solving the apparent diversity-accuracy dilemma",
    PNAS 2010).
    """
    known = -np.log2(np.maximum(readers_of, 1) / max(reader_count, 1))
    shown = [float(known[item]) for ranked in lists for item in ranked[:at]]
    return sum(shown) / len(shown) if shown else 0.0
