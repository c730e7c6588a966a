"""The address of the search page: understood, written again, and never refused."""

import pytest
from django.http import QueryDict

from lyceum.library.pages import questions
from lyceum.library.pages.browsing import pager
from lyceum.library.pages.questions import Question


def read(address: str) -> Question:
    return questions.read(QueryDict(address))


def test_an_address_says_all_that_is_asked_and_is_written_as_it_was_read() -> None:
    address = (
        "q=ore+deposits&category=a&language=de&language=en&price=10-25&rating_min=4&year_min=1950&sort=date&page=3"
    )
    asked = read(address)
    assert asked.q == "ore deposits"
    assert asked.language == ("de", "en")
    assert (asked.price, asked.rating_min, asked.year_min, asked.year_max) == ("10-25", "4", 1950, None)
    assert asked.address(page=3) == f"?{address}"


def test_a_change_begins_again_at_the_first_page() -> None:
    asked = read("q=ore&price=50-&page=7")
    assert asked.address() == "?q=ore&price=50-"
    assert asked.address(price="") == "?q=ore"
    assert Question().address() == "?"


@pytest.mark.parametrize(
    "address",
    [
        "price=cheap&rating_min=9&sort=colour&page=-1",
        "page=0&year_min=soon&year_max=",
        "page=99999999999999999999&language=" + "x" * 201,
        "category=&author=%00&q=+%00+",
    ],
)
def test_what_cannot_be_understood_is_left_out(address: str) -> None:
    assert read(address) == Question(page=min(read(address).page, 9999))
    assert read(address).page == 1


def test_years_are_put_in_order_and_kept_within_bounds() -> None:
    asked = read("year_min=2000&year_max=1950")
    assert (asked.year_min, asked.year_max) == (1950, 2000)
    assert read("year_min=-9999").year_min == -3000


def test_without_words_the_most_read_come_first() -> None:
    assert read("").order == "popular"
    assert read("q=ore").order == "relevance"
    assert read("q=ore&sort=rating").order == "rating"


def test_what_filters_are_on_is_counted() -> None:
    assert read("q=ore&sort=date&page=2").filters == 0
    assert not read("q=ore&sort=date&page=2").is_narrowed
    assert read("category=a&language=de&language=en&year_min=1900&year_max=1950").filters == 4
    assert read("author=a").is_narrowed


@pytest.mark.parametrize(
    ("page", "there", "shown"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (1, 19, [1, 2, 3, None, 19]),
        (5, 19, [1, 2, 3, 4, 5, 6, 7, None, 19]),
        (10, 19, [1, None, 8, 9, 10, 11, 12, None, 19]),
        (19, 19, [1, None, 17, 18, 19]),
    ],
)
def test_the_pager_offers_the_pages_around(page: int, there: int, shown: list[int | None]) -> None:
    assert pager(page, there) == shown
