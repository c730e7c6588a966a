"""The second pass over the best of an answer; pure, and the same for every engine."""

from collections.abc import Sequence

from lyceum.search.contracts import Scored, SecondPass

# What the product weighs by where nothing else is said (spec, "ranking").
TEXT, POPULARITY, TASTE = 0.5, 0.3, 0.2


def order(found: Sequence[Scored], second: SecondPass) -> list[tuple[int, float]]:
    """Return the places of the best in their new order, with their new scores; equal ones stay as they were.

    `found` has raw scores of its engine, the best first; the second pass gets them as shares of the best one.
    """
    best = max((one.text for one in found), default=0.0) or 1.0
    scores = second.score([Scored(one.id, one.text / best, one.popularity) for one in found])
    return sorted(enumerate(scores), key=lambda one: -one[1])


def blend(text: float, popularity: float, taste: float, *, weights: tuple[float, float, float] | None = None) -> float:
    """Return the weighted sum of three shares from 0 to 1."""
    one, two, three = weights or (TEXT, POPULARITY, TASTE)
    return one * text + two * popularity + three * taste
