"""Words of a text as every engine takes them: apostrophes, accents, and how many slips are forgiven."""

import re
import unicodedata
from functools import lru_cache

# One sign of Chinese or Japanese is a word of its own, since these do not part words.
SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+")
# What a reader sees as one word, to mark it whole.
WRITTEN = re.compile(rf"[{SIGNS}]|[^\W{SIGNS}]+(?:['’][^\W{SIGNS}]+)*")
POSSESSIVE = re.compile(r"(?<=\w)['’][sS](?!\w)|(?<=[sS])['’](?!\w)")
ELISION = re.compile(r"(?<![\w'’])(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE)
APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
# Letters that no accent makes of another one.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h"}
)
# Of the word's length: none up to 3 letters, one up to 7, two from 8 on.
FORGIVEN = ((4, 0), (8, 1))
MOST_FORGIVEN = 2


def even_out(text: str) -> str:
    """Take apostrophes out of words: `Lord's` is lord, `l'homme` is homme, `O'Brien` is obrien."""
    if "'" not in text and "’" not in text:
        return text
    return APOSTROPHE.sub("", ELISION.sub(" ", POSSESSIVE.sub("", text)))


def fold(text: str) -> str:
    """Lower case without accents: `Čapek` and `capek` are the same."""
    if text.isascii():
        return text.lower()
    # Taken apart before and after: a capital may hide in a compatibility sign, and an accent in a small letter.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def split(text: str) -> list[str]:
    """Return the words of a text, as written but for apostrophes."""
    return _WORD.findall(even_out(text))


@lru_cache(maxsize=100_000)
def folded(written: str) -> tuple[str, ...]:
    """Return the folded words of what a reader sees as one."""
    return tuple(_WORD.findall(fold(even_out(written))))


def slips(word: str) -> int:
    """Return how many letters of a word may be wrong; numbers have to be right."""
    if any(sign.isdigit() for sign in word):
        return 0
    return next((most for length, most in FORGIVEN if len(word) < length), MOST_FORGIVEN)


def must_match(count: int, needed: str = "most") -> int:
    """Return how many of so many words have to be there: all of two, all but one of five, then three in four.

    With `one` or `none` (`Query.needed`) it is so many of them.
    """
    if needed != "most":
        return min(count, 1 if needed == "one" else 0)
    if count <= 2:
        return count
    return count - 1 if count <= 5 else count * 3 // 4
