"""What may have been meant where nothing was found: the words that the index has, if the asker would find them."""

from dataclasses import replace

from lyceum.search.contracts import Declaration, Query, SearchRequest, Word
from lyceum.search.embedded.analysis import words
from lyceum.search.embedded.asking import Asker
from lyceum.search.embedded.filters import narrowed, translate
from lyceum.search.embedded.ordering import count
from lyceum.search.embedded.readers import Reader
from lyceum.search.query import respell

# More than is forgiven by itself, for one may see the difference and say no.
MOST_SLIPS, SHORTEST, FEWEST_LETTERS = 2, 3, 3
CANDIDATES = 3


def meant(declaration: Declaration, reader: Reader, request: SearchRequest) -> str:
    """Return the query with other words that finds something the asker may see, or nothing."""
    asker = Asker(declaration, reader)
    right: dict[str, list[str]] = {}
    for word in request.query.words:
        token = next(iter(words(word.text)), "")
        if token and not asker.documents_with(token) and (found := _candidates(reader, token)):
            right[token] = found
    for turn in range(CANDIDATES):
        chosen = {typed: found[turn] for typed, found in right.items() if turn < len(found)}
        if chosen and _finds(declaration, reader, request, asker, chosen):
            return respell(request.query.text, chosen)
    return ""


def _candidates(reader: Reader, word: str) -> list[str]:
    if len(word) < SHORTEST or any(sign.isdigit() for sign in word):
        return []
    allowed = 1 if len(word) <= SHORTEST + 1 else MOST_SLIPS
    near = [one.word for one in reader.vocabulary.anywhere_near(word, allowed)[:CANDIDATES]]
    return [*near, *_apart(reader, word)][:CANDIDATES]


def _apart(reader: Reader, word: str) -> list[str]:
    """Two words that were written as one."""
    has = reader.vocabulary.has
    cuts = range(FEWEST_LETTERS, len(word) - FEWEST_LETTERS + 1)
    return [f"{word[:cut]} {word[cut:]}" for cut in cuts if has(word[:cut]) and has(word[cut:])]


def _finds(
    declaration: Declaration, reader: Reader, request: SearchRequest, asker: Asker, right: dict[str, str]
) -> bool:
    respelt = tuple(part for word in request.query.words for part in _respelt(word, right))
    query: Query = replace(request.query, words=respelt)
    filters = [request.visible, *request.selections.values()]
    narrow = [translate(one, declaration, reader.schema) for one in filters]
    return count(reader.searcher, narrowed(asker.ask(query).query, narrow)) > 0


def _respelt(word: Word, right: dict[str, str]) -> list[Word]:
    token = next(iter(words(word.text)), "")
    return [Word(part, word.field) for part in right[token].split()] if token in right else [word]
