"""All models from what readers took and what books say of themselves: one call, in bounded memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations import content, linear, popularity, spark
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.neighbours import neighbours
from lyceum.library.recommendations.signals import Numbers, Signals, Weights
from lyceum.library.recommendations.sparse import Rows

# The matrix of the linear model has so many rows and columns: 400 MB. What fewer have read is known by its text.
MOST_ITEMS = 10_000
KEPT_LINKS, KEPT_NEAR, KEPT_ALIKE = 200, 50, 30


@dataclass(frozen=True)
class Models:
    """What is kept of a training, by the numbers of its items. `kinds` is the same for near-duplicates."""

    links: Rows
    near: Rows
    content: Rows
    kinds: Numbers
    demand: Weights


Tell = Callable[[str, float], None]


def train(
    signals: Signals,
    texts: Sequence[Text],
    *,
    now: float,
    tell: Tell = lambda part, done: None,
    master: str = "",
) -> Models:
    """Train all models: here, or the part that grows with the signals on the Spark cluster at `master`.

    `tell` hears the name of a part and how much of it is done.
    """
    active = most_read(signals, len(texts) if master else MOST_ITEMS)
    known = only(signals, active)
    if master:
        links, near = spark.learn(known, tell, master=master, links=KEPT_LINKS, near=KEPT_NEAR)
    else:
        links, near = learn(known, tell)
    alike = content.alike(texts, most=KEPT_ALIKE, tell=lambda done: tell("texts", done))
    kinds = content.editions(texts, alike)
    tell("texts", 1.0)
    demand = popularity.in_demand(signals, now=now)
    return Models(spread(links, active, len(texts)), spread(near, active, len(texts)), alike, kinds, demand)


def learn(signals: Signals, tell: Tell = lambda part, done: None) -> tuple[Rows, Rows]:
    """Return the links of the linear model and the neighbours of items."""
    shared = linear.gram(signals)
    tell("pairs", 1.0)
    near = neighbours(shared, most=KEPT_NEAR)
    tell("neighbours", 1.0)
    if signals.reader_count * 2 < signals.item_count:
        links = linear.links_by_readers(signals, most=KEPT_LINKS)
    else:
        links = linear.links(shared, most=KEPT_LINKS)
    tell("links", 1.0)
    return links, near


def most_read(signals: Signals, most: int) -> NDArray[np.int64]:
    """Return the items with the most readers, at most so many, in their order."""
    readers = signals.readers_of_items()
    best = np.argsort(-readers, kind="stable")[:most]
    return np.sort(best[readers[best] > 0])


def only(signals: Signals, active: NDArray[np.int64]) -> Signals:
    """Keep the signals of some items, which are numbered anew."""
    places = np.full(signals.item_count, -1, np.int32)
    places[active] = np.arange(len(active))
    kept = places[signals.items] >= 0
    return Signals(
        signals.readers[kept],
        places[signals.items[kept]],
        signals.strengths[kept],
        signals.moments[kept],
        signals.reader_count,
        len(active),
    )


def spread(rows: Rows, active: NDArray[np.int64], count: int) -> Rows:
    """Give rows of some items back the numbers that these have among all; the others point nowhere."""
    width = rows.numbers.shape[1]
    numbers, weights = np.full((count, width), -1, np.int32), np.zeros((count, width), np.float32)
    if len(active):
        numbers[active] = np.where(rows.numbers >= 0, active[rows.numbers], -1)
        weights[active] = rows.weights
    return Rows(numbers, weights)
