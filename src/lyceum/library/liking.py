"""How much a reader may like a book, from what they said of others by the same people and on the same shelves; pure."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

# What says neither yes nor no, and how many such ratings each trait begins with.
NEUTRAL, DOUBT = 3.0, 2.0
UNDECIDED = 0.5


def leanings(rated: Iterable[tuple[float, Sequence[Hashable]]]) -> dict[Hashable, float]:
    """Return for each trait of rated books, such as an author, how far from -2 to 2 the reader leans to it."""
    sums, counts = defaultdict[Hashable, float](float), defaultdict[Hashable, int](int)
    for rating, traits in rated:
        for trait in traits:
            sums[trait] += rating - NEUTRAL
            counts[trait] += 1
    return {trait: total / (counts[trait] + DOUBT) for trait, total in sums.items()}


def share(leaning: Mapping[Hashable, float], traits: Sequence[Hashable]) -> float:
    """Return from 0 to 1 how a book of these traits suits; in the middle where nothing is known of them."""
    known = [leaning[trait] for trait in traits if trait in leaning]
    return UNDECIDED + sum(known) / len(known) / 4 if known else UNDECIDED
