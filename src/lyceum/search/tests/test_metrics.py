from math import log2

import pytest

from lyceum.search.evaluation.metrics import ndcg, recall


def test_the_best_ranking_has_one_and_an_empty_one_nothing() -> None:
    assert ndcg(["a", "b", "c"], {"a": 1, "b": 1}) == 1
    assert ndcg([], {"a": 1}) == 0
    assert ndcg(["x", "y"], {"a": 1}) == 0


def test_a_later_place_gains_less() -> None:
    assert ndcg(["x", "a"], {"a": 1}) == pytest.approx(1 / log2(3))
    assert ndcg(["x", "y", "a"], {"a": 1}) == pytest.approx(1 / 2)


def test_two_of_three_by_hand() -> None:
    ideal = 1 + 1 / log2(3) + 1 / 2
    assert ndcg(["a", "x", "y", "b"], {"a": 1, "b": 1, "c": 1}) == pytest.approx((1 + 1 / log2(5)) / ideal)


def test_higher_gains_belong_in_front() -> None:
    ideal = 2 + 1 / log2(3)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 2 / log2(3)) / ideal)


def test_what_stands_behind_the_cut_does_not_count_and_more_than_fits_is_not_asked_for() -> None:
    assert ndcg(["x", "a"], {"a": 1}, at=1) == 0
    assert ndcg(["a"], {"a": 1, "b": 1}, at=1) == 1


def test_recall_is_the_share_that_was_found() -> None:
    gains = {"a": 1.0, "b": 1.0, "c": 2.0, "judged as wrong": 0.0}
    assert recall(["x", "a", "c"], gains) == pytest.approx(2 / 3)
    assert recall(["x", "a", "c"], gains, at=2) == pytest.approx(1 / 3)
    assert recall([], gains) == 0


def test_a_question_without_anything_to_find_has_no_figure() -> None:
    for metric in (ndcg, recall):
        with pytest.raises(ValueError, match="nothing is to be found"):
            metric(["a"], {"a": 0})
