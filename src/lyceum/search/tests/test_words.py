"""Words as every engine takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyceum.search.words import fold, folded, must_match, slips, split


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The Lord's rings", ["The", "Lord", "rings"]),
        ("the kings’ men", ["the", "kings", "men"]),
        ("L'homme qu’on aime", ["homme", "on", "aime"]),
        ("O'Brien's don't", ["OBrien", "dont"]),
        ("rock'n'roll", ["rocknroll"]),
        ("吾輩は猫 cat", ["吾", "輩", "は", "猫", "cat"]),
        ("C++, snake_case; 1,000", ["C", "snake_case", "1", "000"]),
    ],
)
def test_apostrophes_do_not_part_words(text: str, found: list[str]) -> None:
    assert split(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("Čapek", "capek"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("Łódź", "lodz"), ("ﬁn", "fin"), ("Æ", "ae")],
)
def test_case_and_accents_make_no_difference(text: str, found: str) -> None:
    assert fold(text) == found


@given(st.text(max_size=30))
def test_folding_again_changes_nothing(text: str) -> None:
    once = folded(text)
    assert [again for word in once for again in folded(word)] == list(once)


def test_longer_words_may_have_more_slips_and_numbers_none() -> None:
    assert [slips(word) for word in ("cat", "ring", "hobbits", "strength", "1984", "catch22abc")] == [0, 1, 1, 2, 0, 0]


def test_most_words_must_match() -> None:
    assert [must_match(count) for count in range(9)] == [0, 1, 2, 2, 3, 4, 4, 5, 6]
