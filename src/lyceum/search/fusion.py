"""One ranking from words and from meaning: a pure function of the scores that an index and the vectors give.

The weighted sum is measured against reciprocal rank fusion on four judged sets (ADR 13, `lyceum evaluate retrieval`).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# So many of the best by words, and of the nearest in meaning, are ranked together; more of these raise no figure.
CANDIDATES, MOST_BY_MEANING = 200, 50
RANK_CONSTANT = 60
Scores = NDArray[np.float32]
Name = TypeVar("Name", bound=Hashable)


def weighted(lexical: Scores, cosines: Scores, *, weight: float) -> Scores:
    """Fuse two scores of the same documents: (1 - w) × BM25 / its maximum + w × cosine from its least to its greatest.

    A document without any of the words has 0 as its lexical score; a cosine is needed for each.
    """
    return np.asarray((1 - weight) * _by_maximum(lexical) + weight * _by_range(cosines), dtype=np.float32)


def fuse(lexical: Mapping[Name, float], cosines: Mapping[Name, float], *, weight: float) -> list[tuple[Name, float]]:
    """Rank all documents of both sides, best first; one that has no vector stands as the least alike of all."""
    names = sorted({*lexical, *cosines}, key=str)
    if not names:
        return []
    least = min(cosines.values(), default=0.0)
    scores = weighted(
        np.array([lexical.get(name, 0.0) for name in names], dtype=np.float32),
        np.array([cosines.get(name, least) for name in names], dtype=np.float32),
        weight=weight if cosines else 0.0,
    )
    order = np.argsort(-scores, kind="stable")
    return [(names[at], float(scores[at])) for at in order]


def reciprocal(rankings: Iterable[Sequence[str]], *, constant: int = RANK_CONSTANT) -> list[tuple[str, float]]:
    """Fuse by ranks alone (Cormack, Clarke and Büttcher 2009): the baseline that the weighted sum is measured by."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (constant + place)
    return sorted(scores.items(), key=lambda found: (-found[1], found[0]))


def _by_maximum(scores: Scores) -> Scores:
    highest = scores.max(initial=0.0)
    return scores / highest if highest > 0 else scores


def _by_range(scores: Scores) -> Scores:
    if not scores.size:
        return scores
    least, greatest = scores.min(), scores.max()
    return (scores - least) / (greatest - least) if greatest > least else np.ones_like(scores)
