from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lyceum.library.recommendations import datasets, evaluating, evaluation, training
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.datasets import Split
from lyceum.library.recommendations.mixing import Recipe
from lyceum.library.recommendations.signals import Signals, pack
from lyceum.library.recommendations.training import Models

SHELF = 12
DATA = Path(__file__).parents[6] / "shared" / "data"


def flocks(readers: int = 90, seed: int = 2) -> tuple[Signals, dict[int, set[int]]]:
    """Readers of three tastes: each takes eight of the twelve books of one shelf, and next another one of it."""
    chance = np.random.default_rng(seed)
    entries, wanted = [], {}
    for reader in range(readers):
        own = chance.permutation(SHELF)[:9] + SHELF * (reader % 3)
        entries += [(reader, int(item), moment) for moment, item in enumerate(own[:8])]
        wanted[reader] = {int(own[8])}
    return pack(*zip(*entries, strict=True), reader_count=readers, item_count=3 * SHELF + 1), wanted


def shelves() -> Split:
    signals, wanted = flocks()
    texts = [Text(f"Book {n}", (f"Author {n}",), (f"Shelf {n // SHELF}",)) for n in range(signals.item_count)]
    return Split("flocks", signals, wanted, texts)


@pytest.fixture
def split() -> Split:
    return shelves()


def check_own_shelves(split: Split, models: Models) -> None:
    """Look whether readers get books of their own shelf, and none that they have."""
    rank = evaluation.served(split, Recipe(personal=1.0), models)
    for reader in range(6):
        own = set(split.signals.items[split.signals.readers == reader].tolist())
        found = rank(reader)[:4]
        assert {number // SHELF for number in found} == {reader % 3}
        assert not own & set(found)


def test_a_reader_gets_books_of_their_own_shelf_and_none_that_they_have(split: Split) -> None:
    check_own_shelves(split, training.train(split.signals, split.texts, now=0))


def test_the_products_way_is_measured_above_popularity(split: Split) -> None:
    rows = {row.name: row for row in evaluation.compare(split)}
    assert rows["Lyceum"].ndcg > 2 * rows["popularity"].ndcg > 0
    assert rows["Lyceum"].ndcg > rows["Lyceum, 70/30 shelf"].ndcg
    assert 0 < rows["popularity"].coverage < rows["Lyceum"].coverage <= 1


def test_a_book_that_nobody_has_read_is_known_by_its_text(split: Split) -> None:
    texts = [*split.texts[:-1], Text("New", ("Author 3",), ("Shelf 0",))]
    models = training.train(split.signals, texts, now=0)
    numbers, _ = models.content.row(len(texts) - 1)
    assert 3 in numbers
    assert models.links.row(len(texts) - 1)[0].tolist() == []


def test_books_beyond_the_most_read_keep_their_numbers(split: Split) -> None:
    active = training.most_read(split.signals, 5)
    links, _ = training.learn(training.only(split.signals, active))
    spread = training.spread(links, active, split.signals.item_count)
    for place, number in enumerate(active):
        assert spread.row(int(number))[0].tolist() == active[links.row(place)[0]].tolist()
    assert sum(len(spread.row(number)[0]) > 0 for number in range(split.signals.item_count)) <= 5


def test_nothing_to_learn_from_is_no_fault() -> None:
    empty = pack([], [], [], reader_count=0, item_count=2)
    models = training.train(empty, [Text("One"), Text("Two")], now=0)
    assert models.demand.tolist() == [0, 0]
    assert models.links.row(0)[0].tolist() == []


def test_progress_is_told_part_by_part(split: Split) -> None:
    told: list[str] = []
    training.train(split.signals, split.texts, now=0, tell=lambda part, done: told.append(part))
    assert told == ["pairs", "neighbours", "links", "texts"]


def test_the_command_says_what_was_reached(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(evaluating, "BASELINES", ("popularity",))
    assert evaluating.evaluate(replace(split, name="movielens-last"), say=said.append)
    assert said[-1] == "  reached: at least 0.041 and above every baseline"
    monkeypatch.setattr(evaluating, "AIMS", {"movielens-last": 1.0})
    assert not evaluating.evaluate(replace(split, name="movielens-last"), say=said.append)
    assert said[-1].startswith("  MISSED")
    assert evaluating.run(["--data", str(tmp_path)], say=said.append) == 2


@pytest.mark.skipif(not (DATA / "ml_latest_small").is_dir(), reason=f"no data in {DATA}")
def test_popularity_has_the_published_figure_on_movielens() -> None:
    split = datasets.load("movielens-last", DATA)
    row = next(evaluation.compare(split))
    assert (row.name, round(row.ndcg, 3)) == ("popularity", 0.019)
    chosen = datasets.load("movielens-last", DATA, validation=True)
    assert len(chosen.signals) == len(split.signals) - split.signals.reader_count
