"""The language in which people ask: words, "phrases", -without, field:value, year:1990..1999, price:<10.

Whatever is typed is understood somehow: what is no expression is words, and nothing is ever a fault. An unknown
field's name is a word; a value that its field cannot have is words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from lyceum.search.contracts import (
    Boolean,
    Date,
    Declaration,
    Field,
    Filter,
    IsOneOf,
    Keyword,
    Not,
    Number,
    Phrase,
    Query,
    Range,
    Scalar,
    Text,
    Word,
)
from lyceum.search.words import fold, split

LONGEST = 1000
MOST_WORDS = 32
LONGEST_WORD = 60
_QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
_PART = re.compile(r'(?P<minus>-)?(?:(?P<field>\w{1,40}):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))')
_BOUNDS = re.compile(r"(?P<sign>[<>]=?)(?P<one>.+)|(?P<low>[^.]*(?:\.\d[^.]*)?)\.\.(?P<high>.*)")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}


@dataclass
class _Found:
    words: list[Word]
    phrases: list[Phrase]
    excluded: list[Word | Phrase]
    filters: list[Filter]


def parse(text: str, declaration: Declaration, *, is_open: bool = False) -> Query:
    """Understand what somebody typed; with `is_open` they are still typing the last word."""
    text = "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST]).translate(_QUOTES)
    found = _Found([], [], [], [])
    for part in _PART.finditer(text):
        _take(part, declaration, found)
    if is_open and found.words and text[-1:].isalnum():
        last = found.words[-1]
        found.words[-1] = Word(last.text, last.field, is_open=True)
    return Query(
        tuple(found.words[:MOST_WORDS]),
        tuple(found.phrases[:MOST_WORDS]),
        tuple(found.excluded[:MOST_WORDS]),
        tuple(found.filters[:MOST_WORDS]),
        text.strip(),
    )


def respell(text: str, right: Mapping[str, str]) -> str:
    """Write a query with some of its words, by their folded form, spelt otherwise."""

    def spell(match: re.Match[str]) -> str:
        return right.get(fold(match[0]), match[0])

    return re.sub(r"\w+", spell, text)


def _take(part: re.Match[str], declaration: Declaration, found: _Found) -> None:
    is_without, is_quoted = part["minus"] is not None, part["quoted"] is not None
    value = part["quoted"] if is_quoted else part["plain"]
    field = _field(part["field"], declaration) if part["field"] else None
    if part["field"] and field is None:
        # `C:drive`, `http://…`: the words on both sides.
        value = f"{part['field']} {value}"
    narrowed = _filter(field, value) if isinstance(field, (Number, Date, Boolean)) else None
    if narrowed is not None:
        found.filters.append(Not(narrowed) if is_without else narrowed)
        return
    name = field.name if isinstance(field, (Text, Keyword)) else ""
    words = [word[:LONGEST_WORD] for word in split(value)[:MOST_WORDS]]
    if not words:
        return
    # What is written together, as `rock-and-roll` or a value, belongs together where it is left out.
    is_phrase = len(words) > 1 and (is_quoted or is_without or bool(name))
    if is_without:
        found.excluded.append(Phrase(tuple(words), name) if is_phrase else Word(words[0], name))
    elif is_phrase:
        found.phrases.append(Phrase(tuple(words), name))
    else:
        found.words.extend(Word(word, name) for word in words)


def _field(name: str, declaration: Declaration) -> Field | None:
    name = name.lower()
    return declaration.by_name.get(declaration.aliases.get(name, name))


def _filter(field: Field, value: str) -> Filter | None:
    if isinstance(field, Boolean):
        word = value.strip().lower()
        return IsOneOf(field.name, (word in _YES,)) if word in _YES | _NO else None
    bounds = _BOUNDS.fullmatch(value.strip())
    if bounds is None:
        return _between(field, value, value)
    if bounds["sign"]:
        return _on_one_side(field, bounds["sign"], bounds["one"])
    return _between(field, bounds["low"], bounds["high"])


def _between(field: Field, low: str, high: str) -> Filter | None:
    least, most = _span(field, low), _span(field, high)
    if (least is None and low.strip()) or (most is None and high.strip()) or not (least or most):
        return None
    return Range(field.name, at_least=least[0] if least else None, **_end(most))


def _on_one_side(field: Field, sign: str, text: str) -> Filter | None:
    span = _span(field, text)
    if span is None:
        return None
    if sign == ">=":
        return Range(field.name, at_least=span[0])
    if sign == "<":
        return Range(field.name, below=span[0])
    if sign == "<=":
        return Range(field.name, **_end(span))
    return Not(Range(field.name, **_end(span)))


def _end(span: tuple[Scalar, Scalar | None] | None) -> dict[str, Scalar | None]:
    """A number ends with itself, a day before the next one."""
    if span is None:
        return {}
    return {"at_most": span[0]} if span[1] is None else {"below": span[1]}


def _span(field: Field, text: str) -> tuple[Scalar, Scalar | None] | None:
    """Return where a value begins, and for a year, month or day where the next begins."""
    text = text.strip()
    if isinstance(field, Date):
        return _days(text)
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return (number, None) if number.is_finite() and abs(number) < 10**12 else None


def _days(text: str) -> tuple[Scalar, Scalar | None] | None:
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        first = date(year, month or 1, day or 1)
        after = first + timedelta(days=1) if day else _next_month(first) if month else date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    return _midnight(first), _midnight(after)


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
