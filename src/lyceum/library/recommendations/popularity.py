"""What many read, and what more and more read now."""

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations.signals import Signals, Weights

TRENDING_HALF_LIFE_DAYS = 30.0
DAY = 86_400.0


def popular(signals: Signals) -> Weights:
    """Return the logarithm of each item's readers, at most 1: the hundredth reader adds less than the second."""
    return _unit(np.log1p(signals.readers_of_items()))


def trending(signals: Signals, *, now: float, half_life_days: float = TRENDING_HALF_LIFE_DAYS) -> Weights:
    """Return each item's signals, halved for each `half_life_days` that they are old, as a logarithm of at most 1."""
    age = np.maximum(0.0, now - signals.moments) / DAY
    fresh = np.exp2(-age / half_life_days) * signals.strengths
    return _unit(np.log1p(np.bincount(signals.items, fresh, minlength=signals.item_count)))


def in_demand(signals: Signals, *, now: float, trending_share: float = 0.5) -> Weights:
    """Mix both: what is loved since long, and what is read this month."""
    mix = (1 - trending_share) * popular(signals) + trending_share * trending(signals, now=now)
    return np.asarray(mix, np.float32)


def _unit(values: NDArray[np.floating]) -> Weights:
    highest = values.max(initial=0.0)
    return np.asarray(values / highest if highest > 0 else values, np.float32)
