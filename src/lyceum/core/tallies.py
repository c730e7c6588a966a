"""Counts of this process since it started: one step of a dictionary each, read every few seconds by `monitoring`."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable

Labels = tuple[str, ...]
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
counts: defaultdict[tuple[str, Labels], int] = defaultdict(int)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
# For each: how many were at most so long or large, those beyond the last bound, and all of them added up.
spans: dict[tuple[str, Labels], list[float]] = {}
# What stands at this moment: read in the event loop when the numbers are told.
gauges: dict[str, Callable[[], float]] = {}


def count(name: str, *labels: str, by: int = 1) -> None:
    counts[name, labels] += by


def took(name: str, seconds: float, *labels: str) -> None:
    _add(name, labels, seconds, BOUNDS)


def sized(name: str, size: float, *labels: str) -> None:
    _add(name, labels, size, SIZES)


def _add(name: str, labels: Labels, value: float, bounds: tuple[float, ...]) -> None:
    if (span := spans.get((name, labels))) is None:
        span = spans.setdefault((name, labels), [0.0] * (len(bounds) + 2))
    span[bisect_left(bounds, value)] += 1
    span[-1] += value
