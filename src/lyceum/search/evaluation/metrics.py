"""How good a ranking is, against what people judged: pure, and as trec_eval counts it."""

import math
from collections.abc import Mapping, Sequence


def ndcg(ranking: Sequence[str], gains: Mapping[str, float], *, at: int = 10) -> float:
    """Normalised discounted cumulative gain of the first places (Järvelin and Kekäläinen 2002), from 0 to 1.

    What nobody judged gains nothing; a question without anything to find has no figure and is refused.
    """
    best = _discounted(sorted(gains.values(), reverse=True)[:at])
    if best <= 0:
        raise ValueError("nothing is to be found")
    return _discounted([gains.get(found, 0.0) for found in ranking[:at]]) / best


def recall(ranking: Sequence[str], gains: Mapping[str, float], *, at: int = 100) -> float:
    """Return which share of what is to be found stands in the first places."""
    wanted = {name for name, gain in gains.items() if gain > 0}
    if not wanted:
        raise ValueError("nothing is to be found")
    return len(wanted.intersection(ranking[:at])) / len(wanted)


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
