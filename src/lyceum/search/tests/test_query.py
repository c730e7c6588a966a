"""How what people type is understood."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lyceum.search.contracts import (
    Boolean,
    Completion,
    Date,
    Declaration,
    Everything,
    Filter,
    IsOneOf,
    Keyword,
    Not,
    Number,
    Phrase,
    Point,
    Query,
    Range,
    Text,
    Word,
)
from lyceum.search.query import MOST_WORDS, parse, respell

BOOKS = Declaration(
    kind="books",
    fields=(
        Text("title", boost=3),
        Text("authors", by_language=False),
        Keyword("categories"),
        Number("price"),
        Date("published"),
        Boolean("in_stock"),
        Point("place"),
        Completion("complete"),
    ),
    load=lambda ids: [],
    ids=lambda after: [],
    visible=lambda asker: Everything(),
    aliases={"author": "authors", "category": "categories"},
)


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(Word(text) for text in texts)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("  the   Hobbit ", Query(words("the", "Hobbit"))),
        ("Lord's l’homme O'Brien", Query(words("Lord", "homme", "OBrien"))),
        ('"the two towers" ring', Query(words("ring"), (Phrase(("the", "two", "towers")),))),
        ("“the two towers”", Query(phrases=(Phrase(("the", "two", "towers")),))),
        ('"hobbit"', Query(words("hobbit"))),
        ('ring "of power', Query(words("ring", "of", "power"))),
        ("ring -film", Query(words("ring"), excluded=words("film"))),
        ('ring -"the film"', Query(words("ring"), excluded=(Phrase(("the", "film")),))),
        ("rock-and-roll", Query(words("rock", "and", "roll"))),
        ("ring -rock-and-roll", Query(words("ring"), excluded=(Phrase(("rock", "and", "roll")),))),
        ("author:eco", Query((Word("eco", "authors"),))),
        ('AUTHOR:"umberto eco"', Query(phrases=(Phrase(("umberto", "eco"), "authors"),))),
        ("-category:crime", Query(excluded=(Word("crime", "categories"),))),
        ("shelf:top", Query(words("shelf", "top"))),
        ("https://example.org/a", Query(words("https", "example", "org", "a"))),
        ("place:here", Query(words("here"))),
        ("東京", Query(words("東", "京"))),
        ("- -- : :: \" '' -:", Query()),
    ],
)
def test_a_text_is_words_phrases_and_what_is_left_out(text: str, query: Query) -> None:
    found = parse(text, BOOKS)
    assert (found.words, found.phrases, found.excluded, found.filters) == (
        query.words,
        query.phrases,
        query.excluded,
        query.filters,
    )


def day(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("price:10", Range("price", at_least=Decimal(10), at_most=Decimal(10))),
        ("price:9,90", Range("price", at_least=Decimal("9.90"), at_most=Decimal("9.90"))),
        ("price:<10", Range("price", below=Decimal(10))),
        ("price:>=10", Range("price", at_least=Decimal(10))),
        ("price:>10", Not(Range("price", at_most=Decimal(10)))),
        ("price:5..10.5", Range("price", at_least=Decimal(5), at_most=Decimal("10.5"))),
        ("price:5.5..", Range("price", at_least=Decimal("5.5"))),
        ("price:..5", Range("price", at_most=Decimal(5))),
        ("-price:5", Not(Range("price", at_least=Decimal(5), at_most=Decimal(5)))),
        ("published:1999", Range("published", at_least=day(1999, 1, 1), below=day(2000, 1, 1))),
        ("published:1999-12", Range("published", at_least=day(1999, 12, 1), below=day(2000, 1, 1))),
        ("published:1999-02-28", Range("published", at_least=day(1999, 2, 28), below=day(1999, 3, 1))),
        ("published:1990..1999", Range("published", at_least=day(1990, 1, 1), below=day(2000, 1, 1))),
        ("published:<2000", Range("published", below=day(2000, 1, 1))),
        ("in_stock:yes", IsOneOf("in_stock", (True,))),
        ("in_stock:no", IsOneOf("in_stock", (False,))),
    ],
)
def test_fields_of_numbers_dates_and_facts_become_filters(text: str, found: Filter) -> None:
    query = parse(text, BOOKS)
    assert query.filters == (found,)
    assert not query.words


@pytest.mark.parametrize("text", ["price:cheap", "price:nan", "price:1e99", "published:soon", "published:1999-13"])
def test_a_value_that_a_field_cannot_have_is_words(text: str) -> None:
    query = parse(text, BOOKS)
    assert not query.filters
    assert query.words or query.phrases


def test_the_last_word_is_open_only_while_it_is_typed() -> None:
    assert [word.is_open for word in parse("the hob", BOOKS, is_open=True).words] == [False, True]
    assert [word.is_open for word in parse("the hob ", BOOKS, is_open=True).words] == [False, False]
    assert [word.is_open for word in parse("the hob", BOOKS).words] == [False, False]


def test_a_query_is_written_again_with_other_words() -> None:
    assert respell('Huges "of Dogs" -café', {"huges": "hughes", "cafe": "tea"}) == 'hughes "of Dogs" -tea'


@given(st.text(max_size=1500) | st.text(alphabet="ab:-\"'“. <>=19é東\x00\u202e", max_size=200))
@example("-" * 1000)
@example('"' * 999)
@example("price:" * 150)
@example("9" * 1000)
@example("published:9999")
@example("published:9999-12-31")
@example("published:0000")
@example("price:.." + "9" * 500)
def test_whatever_is_typed_is_understood(text: str) -> None:
    query = parse(text, BOOKS, is_open=True)
    everything = [*query.words, *query.phrases, *query.excluded, *query.filters]
    assert len(everything) <= 4 * MOST_WORDS
    assert all(word.text for word in query.words)
