import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.search.fusion import fuse, reciprocal

SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 50, width=32), max_size=8)
COSINES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-1, 1, width=32), max_size=8)


def test_the_sum_is_weighted_by_hand() -> None:
    found = dict(fuse({"a": 10, "b": 5}, {"a": 0.5, "b": 0.9, "c": 0.7}, weight=0.4))

    assert found == {
        "a": pytest.approx(0.6 * 1 + 0.4 * 0),
        "b": pytest.approx(0.6 * 0.5 + 0.4 * 1),
        "c": pytest.approx(0.6 * 0 + 0.4 * 0.5),
    }


def test_either_side_alone_is_its_own_ranking() -> None:
    lexical, cosines = {"a": 3.0, "b": 2.0, "c": 1.0}, {"c": 0.9, "b": 0.8, "a": 0.1}

    assert [name for name, _ in fuse(lexical, cosines, weight=0)] == ["a", "b", "c"]
    assert [name for name, _ in fuse(lexical, cosines, weight=1)] == ["c", "b", "a"]
    assert [name for name, _ in fuse(lexical, {}, weight=1)] == ["a", "b", "c"]
    assert [name for name, _ in fuse({}, cosines, weight=0.3)] == ["c", "b", "a"]
    assert fuse({}, {}, weight=0.5) == []


def test_one_without_a_vector_stands_as_the_least_alike() -> None:
    found = dict(fuse({"new": 1.0}, {"a": 0.9, "b": 0.2}, weight=0.5))

    assert found["new"] == pytest.approx(0.5)
    assert found["b"] == 0


@given(SCORES, COSINES, st.floats(0, 1))
def test_everything_found_is_ranked_once_between_nothing_and_one(
    lexical: dict[str, float], cosines: dict[str, float], weight: float
) -> None:
    found = fuse(lexical, cosines, weight=weight)

    assert sorted(name for name, _ in found) == sorted({*lexical, *cosines})
    assert all(-1e-6 <= score <= 1 + 1e-6 for _, score in found)
    assert found == fuse(dict(reversed(lexical.items())), dict(reversed(cosines.items())), weight=weight)


@given(SCORES, COSINES, st.floats(0, 1), st.floats(0.1, 10))
def test_a_longer_question_does_not_weigh_its_words_more(
    lexical: dict[str, float], cosines: dict[str, float], weight: float, times: float
) -> None:
    longer = {name: score * times for name, score in lexical.items()}

    once, again = dict(fuse(lexical, cosines, weight=weight)), dict(fuse(longer, cosines, weight=weight))

    assert again == pytest.approx(once, abs=1e-4)


def test_ranks_alone_are_fused_by_hand() -> None:
    found = reciprocal([["a", "b"], ["b", "c"]])

    assert [name for name, _ in found] == ["b", "a", "c"]
    assert dict(found)["b"] == pytest.approx(1 / 62 + 1 / 61)
    assert dict(found)["c"] == pytest.approx(1 / 62)
