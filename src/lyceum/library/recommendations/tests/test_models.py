"""The models by small examples that can be checked by hand, and against the formula written out."""

import numpy as np
import pytest

from lyceum.library.recommendations import content, linear, popularity, sparse
from lyceum.library.recommendations.baselines import by_factors, by_neighbours, by_popularity
from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.neighbours import neighbours
from lyceum.library.recommendations.signals import Signals, fading, pack


def signals_of(*baskets: list[int], item_count: int) -> Signals:
    """Readers with their items, from the oldest to the newest."""
    entries = [(reader, item, moment) for reader, own in enumerate(baskets) for moment, item in enumerate(own)]
    return pack(*zip(*entries, strict=True), reader_count=len(baskets), item_count=item_count)


def chance_signals(readers: int = 60, items: int = 40) -> Signals:
    chance = np.random.default_rng(3)
    taken = chance.random((readers, items)) < 0.2
    reader, item = np.nonzero(taken)
    return pack(reader, item, np.arange(len(reader)), reader_count=readers, item_count=items)


def test_signals_stand_by_reader_and_time_and_the_stronger_of_a_pair_counts() -> None:
    found = pack([1, 0, 1, 1], [2, 0, 1, 2], [5, 9, 7, 3], [0.2, 1.0, 1.0, 1.0], reader_count=2, item_count=3)
    assert found.readers.tolist() == [0, 1, 1]
    assert found.items.tolist() == [0, 2, 1]
    assert found.strengths.tolist() == [1.0, 1.0, 1.0]
    assert found.bounds.tolist() == [0, 1, 3]


def test_signals_of_nobody_are_no_fault() -> None:
    found = pack([], [], [], reader_count=0, item_count=0)
    assert len(found) == 0
    assert list(found.by_reader()) == []


def test_a_signal_fades_by_half_with_each_half_life_of_newer_ones() -> None:
    assert fading(5, 2.0).tolist() == pytest.approx([0.25, 0.3535534, 0.5, 0.7071068, 1.0])
    assert fading(3, np.inf).tolist() == [1.0, 1.0, 1.0]


def test_the_gram_matrix_counts_common_readers() -> None:
    shared = linear.gram(signals_of([0, 1], [0, 1, 2], [2], item_count=4))
    assert shared.tolist() == [[2, 2, 1, 0], [2, 2, 1, 0], [1, 1, 2, 0], [0, 0, 0, 0]]


def test_the_inverse_by_halves_is_the_inverse() -> None:
    chance = np.random.default_rng(1)
    base = chance.normal(size=(700, 600))
    matrix = base @ base.T + 50 * np.eye(700)
    found = matrix.copy()
    linear.invert(found)
    assert np.abs(found @ matrix - np.eye(700)).max() < 1e-9


def test_links_are_those_of_the_formula() -> None:
    signals = chance_signals()
    inverse = np.linalg.inv(linear.gram(signals).astype(float) + 10 * np.eye(40))
    wanted = -inverse / np.diagonal(inverse)
    np.fill_diagonal(wanted, 0)

    found = linear.links(linear.gram(signals), most=40, ridge=10)
    dense = np.zeros((40, 40))
    for number in range(40):
        numbers, weights = found.row(number)
        dense[number, numbers] = weights
    assert np.abs(dense - wanted).max() < 1e-5


def test_only_the_strongest_links_are_kept_in_their_order() -> None:
    matrix = np.array([[0, 3, -5, 1], [2, 0, 0, 0], [0, 0, 0, 0], [1, 2, 3, 4]], np.float32)
    found = sparse.strongest(lambda part: matrix[part], 4, most=2)
    assert [found.row(number)[0].tolist() for number in range(4)] == [[2, 1], [0], [], [3, 2]]
    positive = sparse.strongest(lambda part: matrix[part], 4, most=2, only_positive=True)
    assert positive.row(0)[0].tolist() == [1, 3]


def test_a_row_survives_being_stored() -> None:
    numbers, weights = sparse.from_bytes(sparse.to_bytes(np.array([7, 1], np.int32), np.array([0.5, -2], np.float32)))
    assert (numbers.tolist(), weights.tolist()) == ([7, 1], [0.5, -2])


def test_neighbours_are_damped_cosines_without_the_item_itself() -> None:
    near = neighbours(linear.gram(signals_of([0, 1], [0, 1], [0, 2], item_count=4)), most=3, damping=0)
    numbers, weights = near.row(0)
    assert numbers.tolist() == [1, 2]
    assert weights.tolist() == pytest.approx([2 / 6**0.5, 1 / 3**0.5], rel=1e-6)
    assert near.row(3)[0].tolist() == []


def test_books_with_telling_words_in_common_are_alike() -> None:
    texts = [
        Text("Rocks of the north", ("Ada Hall",), ("Geology",), "Granite, gneiss"),
        Text("Granite", ("Bo Berg",), ("Geology",), "How granite is made"),
        Text("Baking bread", ("Cy Crumb",), ("Cooking",), "Flour, water, salt"),
        Text("Cakes", ("Cy Crumb",), ("Cooking",), "Sugar, flour"),
        Text("Nothing like it"),
    ]
    near = content.alike(texts, most=3)
    assert near.row(0)[0].tolist() == [1]
    assert near.row(2)[0].tolist() == [3]
    assert near.row(4)[0].tolist() == []
    assert (near.weights <= 1).all()


def test_editions_of_a_book_are_one_kind() -> None:
    texts = [
        Text("Dune", ("Frank Herbert",), (), "A desert planet"),
        Text("Dune (40th anniversary edition)", ("Frank Herbert",), (), "Another text"),
        Text("Dune", ("Somebody Else",)),
        Text("Émile: [illustrated]", ("J. R.",)),
        Text("emile", ("J. R.",)),
    ]
    kinds = content.editions(texts, content.alike(texts, most=3))
    assert kinds.tolist() == [0, 0, 2, 3, 3]


def test_what_is_read_now_comes_before_what_was_read_as_much_long_ago() -> None:
    day = 86_400
    found = pack([0, 1, 2, 3], [0, 0, 1, 1], [0, 0, 90 * day, 90 * day], reader_count=4, item_count=3)
    demand = popularity.in_demand(found, now=90 * day)
    assert demand[1] > demand[0] > demand[2] == 0


def test_baselines_prefer_what_goes_with_a_readers_own() -> None:
    flocks = [[0, 1, 2]] * 5 + [[3, 4, 5]] * 6 + [[0, 1]]
    signals = signals_of(*flocks, item_count=6)
    lone = len(flocks) - 1
    assert by_popularity(signals)(lone).tolist() == [6, 6, 5, 6, 6, 6]
    assert int(np.argmax(by_neighbours(signals)(lone)[2:])) == 0
    assert int(np.argmax(by_factors(signals)(lone)[2:])) == 0


def test_links_of_few_readers_are_the_same_as_those_of_many() -> None:
    signals = chance_signals(readers=15)
    primal = linear.links(linear.gram(signals), most=10, ridge=5)
    dual = linear.links_by_readers(signals, most=10, ridge=5)
    assert primal.numbers[:, 0].tolist() == dual.numbers[:, 0].tolist()
    assert np.abs(primal.weights - dual.weights).max() < 1e-5


def test_the_whole_model_scores_by_all_that_a_reader_took() -> None:
    signals = chance_signals()
    inverse = np.linalg.inv(linear.gram(signals).astype(float) + 10 * np.eye(40))
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0)
    own = signals.items[signals.readers == 3]
    assert np.abs(linear.whole(signals, ridge=10)(3) - weights[own].sum(axis=0)).max() < 1e-5
