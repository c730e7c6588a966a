"""A real Spark in this machine's own processes: slow to start, so all of it in a few tests."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from lyceum.library.models import Book
from lyceum.library.recommendations import evaluation, spark, training, versions
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.datasets import Split
from lyceum.library.recommendations.mixing import Recipe
from lyceum.library.recommendations.signals import pack
from lyceum.library.recommendations.tests.test_training import SHELF, flocks

MASTER = "local[2]"
pytestmark = [
    pytest.mark.skipif(
        find_spec("pyspark") is None or shutil.which("java") is None,
        reason="needs Java 17 or 21 and PySpark: pip install --require-hashes -r requirements/spark.txt",
    ),
    pytest.mark.timeout(180),
]


def test_a_cluster_learns_what_readers_have_in_common() -> None:
    signals, wanted = flocks()
    texts = [Text(f"Book {n}", (f"Author {n}",), (f"Shelf {n // SHELF}",)) for n in range(signals.item_count)]
    models = training.train(signals, texts, now=0, master=MASTER)

    rank = evaluation.served(Split("flocks", signals, wanted, texts), Recipe(personal=1.0), models)
    for reader in range(6):
        own = set(signals.items[signals.readers == reader].tolist())
        found = rank(reader)[:4]
        assert {number // SHELF for number in found} == {reader % 3}
        assert not own & set(found)
    assert models.links.row(signals.item_count - 1)[0].tolist() == []
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
