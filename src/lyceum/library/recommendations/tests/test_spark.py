"""A real Spark in this machine's own processes: slow to start, so all of it in a few tests."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from lyceum.library.models import Book
from lyceum.library.recommendations import spark, training, versions
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.signals import pack
from lyceum.library.recommendations.tests.test_training import check_own_shelves, shelves

MASTER = "local[2]"
pytestmark = [
    pytest.mark.skipif(
        find_spec("pyspark") is None or shutil.which("java") is None,
        reason="needs Java 17 or 21 and PySpark: pip install --require-hashes -r requirements/spark.txt",
    ),
    pytest.mark.timeout(180),
]


def test_a_cluster_learns_what_readers_have_in_common() -> None:
    split = shelves()
    models = training.train(split.signals, split.texts, now=0, master=MASTER)

    check_own_shelves(split, models)
    assert models.links.row(split.signals.item_count - 1)[0].tolist() == []
    assert np.isfinite(models.links.weights).all()


def test_a_training_on_a_cluster_makes_lists_as_one_here_does(
    catalogue: dict[str, list[Book]], rate: Callable[..., None], alice: Any, alice_api: APIClient, settings: Any
) -> None:
    settings.RECOMMENDATION_SPARK_MASTER = MASTER
    made = versions.train()
    assert (made.state, made.figures["books"]) == ("ready", sum(map(len, catalogue.values())))

    (shelf, liked), *_ = catalogue.items()
    rate(alice, liked[0])
    rate(alice, liked[1])
    found = alice_api.get("/api/v1/books/recommended/?limit=2&strict=1").json()
    assert {one["id"] for one in found} <= {str(book.pk) for book in liked[2:]}
    assert found[0]["reason"] in {f"because you liked {shelf} 0", f"because you liked {shelf} 1"}


def test_nothing_to_learn_from_starts_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "_session", None)
    empty = pack([], [], [], reader_count=0, item_count=2)
    models = training.train(empty, [Text("One"), Text("Two")], now=0, master=MASTER)
    assert models.links.row(0)[0].tolist() == []
