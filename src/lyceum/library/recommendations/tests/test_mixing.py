import numpy as np
import pytest

from lyceum.library.recommendations.mixing import NOWHERE, Past, Pick, Pointed, Recipe, explain, mix, personal, similar


def to(**places: float) -> Pointed:
    """Point to items by number: `to(i7=0.5)`."""
    return (
        np.array([int(name[1:]) for name in places], np.int32),
        np.array(list(places.values()), np.float32),
    )


def numbers(picks: list[Pick]) -> list[int]:
    return [pick.number for pick in picks]


def picks(*numbers: int) -> list[Pick]:
    return [Pick(number, 1.0) for number in numbers]


def test_the_newest_signal_leads_and_is_the_reason() -> None:
    recipe = Recipe(half_life=1.0, linear=1.0, nearby=0.0)
    past = [Past(1, links=to(i10=1.0)), Past(2, links=to(i20=1.0, i10=0.3))]
    found = personal(past, recipe)
    assert numbers(found) == [20, 10]
    assert [pick.because for pick in explain(found, past, recipe)] == [2, 1]


def test_what_a_reader_disliked_points_nowhere_and_is_not_shown() -> None:
    recipe = Recipe()
    past = [Past(1, strength=0.0, links=to(i10=1.0)), Past(2, links=to(i20=1.0, i1=1.0))]
    assert numbers(personal(past, recipe)) == [20]


def test_content_leads_where_nobody_has_read_yet() -> None:
    assert numbers(personal([Past(1, content=to(i5=0.4))], Recipe())) == [5]
    assert personal([], Recipe()) == []


def test_three_kinds_of_pointing_are_weighed_by_their_shares() -> None:
    past = [Past(1, links=to(i5=2.0), near=to(i6=0.1), content=to(i7=9.0))]
    found = {pick.number: pick.score for pick in personal(past, Recipe(linear=0.5, nearby=0.3))}
    assert found == pytest.approx({5: 0.5, 6: 0.3, 7: 0.2})


def test_similar_is_six_parts_behaviour_and_four_parts_content() -> None:
    found = similar(to(i1=0.8, i2=0.4), to(i2=0.5, i3=0.5), 0.6)
    assert {pick.number: pick.score for pick in found} == pytest.approx({1: 0.6, 2: 0.7, 3: 0.4})
    assert numbers(found) == [2, 1, 3]
    assert similar(NOWHERE, NOWHERE, 0.6) == []


@pytest.mark.parametrize(("limit", "of_own"), [(10, 7), (20, 14), (1, 1)])
def test_seven_of_ten_are_personal_from_the_beginning_on(limit: int, of_own: int) -> None:
    own, popular = picks(*range(100, 200)), picks(*range(200, 300))
    found = numbers(mix(own, popular, limit=limit, personal_share=0.7, kin={}))
    assert sum(number < 200 for number in found) == of_own
    for length in range(1, limit + 1):
        assert abs(sum(number < 200 for number in found[:length]) - 0.7 * length) <= 1


def test_what_one_side_lacks_the_other_gives() -> None:
    assert numbers(mix(picks(1), picks(2, 3, 4), limit=4, personal_share=0.7, kin={})) == [1, 2, 3, 4]
    assert numbers(mix([], picks(2, 3), limit=4, personal_share=0.7, kin={})) == [2, 3]
    assert numbers(mix(picks(1, 2), [], limit=4, personal_share=0.0, kin={})) == [1, 2]
    assert numbers(mix(picks(1, 2), picks(3), limit=2, personal_share=1.0, kin={})) == [1, 2]


def test_of_editions_one_is_shown_and_none_of_what_was_read() -> None:
    kin = {1: 1, 2: 1, 3: 3, 4: 3, 9: 9}
    found = mix(picks(1, 2, 3), picks(2, 4, 9), limit=5, personal_share=0.5, kin=kin, without=[4])
    assert numbers(found) == [1, 9]
