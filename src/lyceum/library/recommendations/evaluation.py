"""How good recommendations are on held-out parts of public sets, beside baselines trained on the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from time import perf_counter

import numpy as np

from lyceum.library.recommendations import baselines, linear, metrics, mixing
from lyceum.library.recommendations.datasets import Split
from lyceum.library.recommendations.mixing import Past, Pick, Recipe
from lyceum.library.recommendations.training import Models, train

LONGEST = 20
OWN = "Lyceum"
Ranker = Callable[[int], list[int]]


@dataclass(frozen=True)
class Row:
    """The figures of a way to recommend: nDCG, coverage and novelty (in bits) of the first 10, recall of 20."""

    name: str
    ndcg: float
    error: float
    recall: float
    coverage: float
    novelty: float
    seconds: float


def compare(split: Split, recipe: Recipe | None = None) -> Iterator[Row]:
    """Measure the product's own way and the baselines on a split, one after the other."""
    recipe = recipe or (Recipe() if split.has_times else Recipe(half_life=inf))
    models = cache(lambda: train(split.signals, split.texts, now=float(split.signals.moments.max(initial=0))))
    ways: list[tuple[str, Callable[[], Ranker]]] = [
        ("popularity", lambda: _by_score(split, baselines.by_popularity(split.signals))),
        ("item neighbours", lambda: _by_score(split, baselines.by_neighbours(split.signals))),
        ("ALS", lambda: _by_score(split, baselines.by_factors(split.signals))),
        ("EASE as published", lambda: _by_score(split, linear.whole(split.signals))),
        (OWN, lambda: served(split, replace(recipe, personal=1.0), models())),
        (f"{OWN}, 70/30 shelf", lambda: served(split, recipe, models())),
    ]
    for name, make in ways:
        started = perf_counter()
        yield measure(name, split, make(), started)


def measure(name: str, split: Split, rank: Ranker, started: float) -> Row:
    lists = {reader: rank(reader) for reader in split.wanted}
    gains = np.array([metrics.ndcg(lists[reader], wanted) for reader, wanted in split.wanted.items()])
    found = [metrics.recall(lists[reader], wanted) for reader, wanted in split.wanted.items()]
    readers, count = split.signals.readers_of_items(), split.signals.reader_count
    return Row(
        name,
        float(gains.mean()),
        float(gains.std(ddof=1) / np.sqrt(len(gains))),
        float(np.mean(found)),
        metrics.coverage(lists.values(), split.signals.item_count),
        metrics.novelty(lists.values(), readers, count),
        perf_counter() - started,
    )


def served(split: Split, recipe: Recipe, models: Models) -> Ranker:
    """Rank as the product does: from the kept rows of the models, through the same functions."""
    signals, bounds = split.signals, split.signals.bounds
    popular = [Pick(int(n), float(models.demand[n])) for n in np.argsort(-models.demand, kind="stable")[:1000]]

    def rank(reader: int) -> list[int]:
        own = signals.items[bounds[reader] : bounds[reader + 1]]
        past = [
            Past(int(n), 1.0, models.links.row(n), models.near.row(n), models.content.row(n))
            for n in own[-mixing.MOST_PAST :]
        ]
        taken = set(own.tolist())
        picks = [pick for pick in mixing.personal(past, recipe) if pick.number not in taken]
        mixed = mixing.mix(picks, popular, limit=LONGEST, personal_share=recipe.personal, kin={}, without=taken)
        return [pick.number for pick in mixed]

    return rank


def _by_score(split: Split, score: baselines.Scorer) -> Ranker:
    signals, bounds = split.signals, split.signals.bounds

    def rank(reader: int) -> list[int]:
        scores = score(reader).copy()
        scores[signals.items[bounds[reader] : bounds[reader + 1]]] = -np.inf
        best = np.argsort(-scores, kind="stable")[:LONGEST]
        return [int(number) for number in best if scores[number] > -np.inf]

    return rank
