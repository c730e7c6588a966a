"""The part of a training that grows with the ratings, on a Spark cluster: for more of them than one machine holds.

Alternating least squares of implicit feedback (Hu, Koren and Volinsky, ICDM 2008) gives each item a vector of factors.
From these come the same rows as from `training.learn`: what one signal says of another item is yᵢᵀ W yⱼ with
W = (YᵀY + λI)^-1, their equation 7 with one W for all readers. So lists are made, explained and kept as ever.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyceum.library.recommendations import sparse
from lyceum.library.recommendations.signals import Signals, Weights
from lyceum.library.recommendations.sparse import Rows

Tell = Callable[[str, float], None]
# Chosen on the training part of MovieLens, as those of the linear model are; Spark's ridge grows with the signals.
FACTORS, STEPS, CONFIDENCE, RIDGE = 128, 10, 4.0, 0.1
SMOOTHING = 10.0
SEED = 7


def learn(
    signals: Signals, tell: Tell = lambda part, done: None, *, master: str, links: int, near: int
) -> tuple[Rows, Rows]:
    """Return so many links and neighbours of each item, learnt by the cluster at `master`, such as `spark://host:7077`.

    `local[4]` is four threads of this machine. Only the factors of the items, a few hundred bytes each, come back.
    """
    factors = factor(signals, master=master)
    tell("factors", 1.0)
    found = _links(factors, most=links), _neighbours(factors, most=near)
    tell("links", 1.0)
    return found


def factor(signals: Signals, *, master: str) -> NDArray[np.float64]:
    """Return the factors of all items, a row each; zeros for one that nobody has."""
    found = np.zeros((signals.item_count, FACTORS))
    if not len(signals):
        return found
    from pyspark.ml.recommendation import ALS

    entries = zip(signals.readers.tolist(), signals.items.tolist(), signals.strengths.tolist(), strict=True)
    columns = {"userCol": "reader", "itemCol": "item", "ratingCol": "strength"}
    with _session(master) as spark:
        frame = spark.createDataFrame(list(entries), "reader int, item int, strength float")
        solver = ALS(
            rank=FACTORS, maxIter=STEPS, regParam=RIDGE, alpha=CONFIDENCE, implicitPrefs=True, seed=SEED, **columns
        )
        for row in solver.fit(frame).itemFactors.collect():
            found[row["id"]] = row["features"]
    return found


@contextmanager
def _session(master: str) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    # It tells of its connection as it goes, also when the process does and nobody hears it any more.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
    spark = SparkSession.builder.master(master).appName("lyceum-recommendations").config(map=settings).getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def _links(factors: NDArray[np.float64], *, most: int) -> Rows:
    led = factors @ np.linalg.inv(factors.T @ factors + SMOOTHING * np.eye(factors.shape[1]))
    return _strongest(led, factors, most)


def _neighbours(factors: NDArray[np.float64], *, most: int) -> Rows:
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    directions = factors / np.where(lengths == 0, 1, lengths)
    return _strongest(directions, directions, most)


def _strongest(left: NDArray[np.float64], right: NDArray[np.float64], most: int) -> Rows:
    def block(part: slice) -> Weights:
        found = np.asarray(left[part] @ right.T, np.float32)
        sparse.point_away(found, part)
        return found

    return sparse.strongest(block, len(left), most=most, only_positive=True)
