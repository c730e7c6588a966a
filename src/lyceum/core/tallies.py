"""Counts of this process since it started: one step of a dictionary each, read every few seconds by `monitoring`."""

from bisect import bisect_left
from collections import defaultdict

Labels = tuple[str, ...]
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
counts: defaultdict[tuple[str, Labels], int] = defaultdict(int)
# For each: how many took at most so long, those beyond the last bound, and all their seconds together.
spans: defaultdict[tuple[str, Labels], list[float]] = defaultdict(lambda: [0.0] * (len(BOUNDS) + 2))


def count(name: str, *labels: str, by: int = 1) -> None:
    counts[name, labels] += by


def took(name: str, seconds: float, *labels: str) -> None:
    span = spans[name, labels]
    span[bisect_left(BOUNDS, seconds)] += 1
    span[-1] += seconds
