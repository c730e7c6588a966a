"""The figures by hand-made examples."""

from math import log2

import numpy as np
import pytest

from lyceum.library.recommendations.intervals import of_clusters, wilson
from lyceum.library.recommendations.metrics import coverage, ndcg, novelty, recall


@pytest.mark.parametrize(
    ("ranked", "wanted", "gain"),
    [
        ([1, 2, 3], {1}, 1.0),
        ([1, 2, 3], {2}, 1 / log2(3)),
        ([1, 2, 3], {1, 3}, (1 + 1 / log2(4)) / (1 + 1 / log2(3))),
        ([1, 2, 3], {4}, 0.0),
        ([], {1}, 0.0),
        (list(range(20)), {10}, 0.0),
        (list(range(20)), set(range(100)), 1.0),
    ],
)
def test_ndcg_discounts_by_place_and_ends_at_ten(ranked: list[int], wanted: set[int], gain: float) -> None:
    assert ndcg(ranked, wanted) == pytest.approx(gain)


def test_recall_is_the_part_found_of_what_is_wanted() -> None:
    assert recall([1, 2, 3, 4], {2, 9}, at=3) == 0.5
    assert recall([1, 2], {2}, at=1) == 0.0
    assert recall([], set()) == 0.0


def test_coverage_counts_each_item_once() -> None:
    assert coverage([[1, 2], [2, 3]], 10) == 0.3
    assert coverage([[1, 2], [2, 3]], 10, at=1) == 0.2


def test_novelty_is_in_bits_of_how_few_have_read() -> None:
    readers = np.array([8, 4, 1, 0])
    assert novelty([[0, 1], [2]], readers, 8) == pytest.approx((0 + 1 + 3) / 3)
    assert novelty([[3]], readers, 8) == 3


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    found = wilson(81, 263)
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    none = wilson(0, 20)
    assert (none.value, none.low, none.high) == (0, 0, pytest.approx(0.1611, abs=5e-5))
    assert wilson(0, 0).value is None


def test_clicks_of_few_people_prove_less_than_as_many_of_many() -> None:
    many = of_clusters([(1, 10)] * 50 + [(0, 10)] * 50)
    few = of_clusters([(10, 10)] * 5 + [(0, 10)] * 95)
    assert many.value == few.value == pytest.approx(0.05)
    assert many.low is not None and many.high is not None and few.low is not None and few.high is not None
    assert few.low < many.low < 0.05 < many.high < few.high


def test_nine_in_ten_intervals_and_more_hold_the_truth_though_people_differ() -> None:
    chance = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        leanings = chance.beta(2, 18, size=60)
        clusters = [(int(chance.binomial(20, leaning)), 20) for leaning in leanings]
        found = of_clusters(clusters)
        held += found.low <= 0.1 <= found.high
    assert held / 300 > 0.9


def test_without_a_click_people_count_and_not_how_much_each_was_shown() -> None:
    found = of_clusters([(0, 1000)] * 20)
    assert found.high == pytest.approx(0.1611, abs=5e-5)
    assert of_clusters([(0, 0)]).value is None
