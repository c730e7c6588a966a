"""Confidence intervals of rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """A share with its interval of 95 %; all None where nothing was tried."""

    value: float | None
    low: float | None
    high: float | None


def wilson(successes: float, tries: float, z: float = Z_95) -> Rate:
    """Return the score interval of a share (Wilson, "Probable inference", JASA 22, 1927); good for few tries too."""
    if tries <= 0:
        return Rate(None, None, None)
    share, square = successes / tries, z * z
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    half = z / (1 + square / tries) * math.sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    return Rate(share, max(0.0, middle - half), min(1.0, middle + half))


def of_clusters(clusters: Sequence[tuple[int, int]], z: float = Z_95) -> Rate:
    """Return the share of successes in (successes, tries) of many people, whose own tries are alike.

    What one person clicks is no new proof each time, so the tries count for as many as their spread between people is
    worth: Wilson's interval over the effective number of tries (Korn and Graubard, "Confidence intervals for
    proportions with small expected number of positive counts", Survey
    Methodology 24, 1998, pp. 193–201).
    """
    clusters = [(hits, tries) for hits, tries in clusters if tries > 0]
    people, tried = len(clusters), sum(tries for _, tries in clusters)
    if not people:
        return Rate(None, None, None)
    share = sum(hits for hits, _ in clusters) / tried
    effective = float(people)
    if people > 1 and 0 < share < 1:
        # The variance of a ratio between clusters (Cochran, "Sampling Techniques", section 6.5).
        spread = sum((hits - share * tries) ** 2 for hits, tries in clusters) * people / (people - 1) / tried**2
        effective = share * (1 - share) / spread if spread > 0 else float(tried)
    effective = min(max(effective, 1.0), float(tried))
    return wilson(share * effective, effective, z)
