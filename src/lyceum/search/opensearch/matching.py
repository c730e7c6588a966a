"""A query as people meant it, in the node's language: words in any text, by the stems of each document's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from lyceum.search.contracts import LANGUAGES, Declaration, Keyword, Phrase, Query, Text, Word
from lyceum.search.opensearch.filters import ALL, Clause, any_of, clause
from lyceum.search.opensearch.mapping import LANGUAGE, folded_name, folded_value, stemmed_name
from lyceum.search.stop_words import STOP_WORDS
from lyceum.search.words import FORGIVEN, MOST_FORGIVEN, fold, must_match, slips

# What is only like the word, or only begins so, counts for less than the word.
LIKE_BOOST, BEGINS_BOOST = 0.3, 0.5
MOST_LIKE = 40
# What `search.words.slips` says, where the node parts the words.
EACH_WORD = f"AUTO:{FORGIVEN[0][0]},{FORGIVEN[1][0]}"
EXCERPT_LENGTH = 180
Near = Mapping[str, Sequence[str]]


def clauses_of(declaration: Declaration, query: Query, near: Near) -> Clause:
    """Return one clause for the whole query; it scores by the words and phrases alone.

    `near` gives for a word those of the index that may have been meant.
    """
    parts: Clause = {}
    if query.has_text:
        parts["must"] = [any_of([_in_language(declaration, query, code, near) for code in _codes(declaration)])]
    if query.filters:
        parts["filter"] = [clause(declaration, found) for found in query.filters]
    if query.excluded:
        parts["must_not"] = [_anywhere(declaration, one) for one in query.excluded]
    return {"bool": parts} if parts else ALL


def _codes(declaration: Declaration) -> tuple[str, ...]:
    """Return the languages to look in; no language stands for texts that are only folded."""
    return ("", *LANGUAGES) if any(text.by_language for text in declaration.texts) else ("",)


def _in_language(declaration: Declaration, query: Query, code: str, near: Near) -> Clause:
    """Match documents of one language, whose stop words do not count; a query of nothing else is taken as it is."""
    stop_words = STOP_WORDS.get(code, frozenset())
    free = [word for word in query.words if not word.field]
    telling = [word for word in free if fold(word.text) not in stop_words]
    counted, read_as = (telling, code) if telling else (free, "")
    parts: Clause = {
        "must": [
            *(_phrase(declaration, phrase) for phrase in query.phrases),
            *(_word(declaration, word, code, near) for word in query.words if word.field),
        ],
        "should": [_word(declaration, word, read_as, near) for word in counted],
        "minimum_should_match": must_match(len(counted), query.needed),
    }
    if len(_codes(declaration)) > 1:
        parts["filter"] = [{"term": {LANGUAGE: code or "none"}}]
    return {"bool": parts}


def _word(declaration: Declaration, word: Word, code: str, near: Near) -> Clause:
    if _is_keyword(declaration, word.field):
        return _value(word.field, word.text)
    whole = {"query": word.text, "fields": _fields(declaration, word.field, code), "operator": "and"}
    ways: list[Clause] = [{"multi_match": whole}]
    ways += [{"multi_match": {**whole, "query": one, "boost": LIKE_BOOST}} for one in near.get(word.text, ())]
    if word.is_open:
        begins = {"query": word.text, "type": "bool_prefix", "fields": _fields(declaration, word.field, "")}
        ways.append({"multi_match": {**begins, "boost": BEGINS_BOOST}})
    return {"dis_max": {"queries": ways}}


def _like(allowed: int) -> dict[str, Any]:
    """Forgive so many slips, none of them in the first letter."""
    return {"fuzziness": allowed, "prefix_length": 1, "max_expansions": MOST_LIKE}


def _phrase(declaration: Declaration, phrase: Phrase) -> Clause:
    """Match words as they are written: in a phrase stop words and endings count."""
    if _is_keyword(declaration, phrase.field):
        return _value(phrase.field, " ".join(phrase.words))
    fields = _fields(declaration, phrase.field, "")
    return {"multi_match": {"query": " ".join(phrase.words), "type": "phrase", "fields": fields}}


def _is_keyword(declaration: Declaration, name: str) -> bool:
    return isinstance(declaration.by_name.get(name), Keyword)


def _value(field: str, value: str) -> Clause:
    return {"constant_score": {"filter": {"term": {folded_name(field): folded_value(value)}}}}


def _anywhere(declaration: Declaration, one: Word | Phrase) -> Clause:
    """Match what is not wanted, in whatever language."""
    codes = _codes(declaration)
    if isinstance(one, Word) and _is_keyword(declaration, one.field):
        return _value(one.field, one.text)
    if isinstance(one, Phrase):
        return _phrase(declaration, one)
    fields = dict.fromkeys(field for code in codes for field in _fields(declaration, one.field, code))
    return {"multi_match": {"query": one.text, "fields": list(fields), "operator": "and"}}


def _fields(declaration: Declaration, name: str, code: str) -> list[str]:
    texts = [text for text in declaration.texts if name in ("", text.name)]
    return [f"{_name(text, code)}^{text.boost}" for text in texts]


def _name(text: Text, code: str) -> str:
    return stemmed_name(text.name, code if text.by_language else "")


def marked_fields(declaration: Declaration, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the part of a question that has hits marked in these texts."""
    codes = {text.name: ("", *LANGUAGES) if text.by_language else ("",) for text in declaration.texts if text.shown}
    fields: dict[str, Any] = {stemmed_name(name, code): {} for name in names for code in codes.get(name, ())}
    return {
        "fields": fields,
        "encoder": "html",
        "pre_tags": ["<mark>"],
        "post_tags": ["</mark>"],
        "number_of_fragments": 1,
        "fragment_size": EXCERPT_LENGTH,
    }


def marks_of(found: dict[str, list[str]], names: tuple[str, ...]) -> dict[str, str]:
    """Return the marked texts by field; those by stems mark more than those as written."""
    marks = {}
    for name in names:
        for code in (*LANGUAGES, ""):
            if fragments := found.get(stemmed_name(name, code)):
                marks[name] = " … ".join(fragments)
                break
    return marks


def similar_fields(declaration: Declaration, code: str) -> list[str]:
    """Return the fields by which documents of a language are like each other."""
    names = declaration.similar or tuple(text.name for text in declaration.texts)
    texts = {text.name: text for text in declaration.texts}
    return [_name(texts[name], code) if name in texts else name for name in names]


def begins(field: str, text: str) -> Clause:
    """Match what begins as typed, or has words that do."""
    return any_of(
        [{"match": {field: {"query": text}}}, {"match": {f"{field}.words": {"query": text, "operator": "and"}}}]
    )


def begins_like(field: str, text: str) -> Clause:
    """Match what begins as typed but for slips."""
    like = {"query": text, **_like(slips(fold(text)))}
    words = {"query": text, **_like(MOST_FORGIVEN), "fuzziness": EACH_WORD, "operator": "and"}
    return any_of([{"match": {field: like}}, {"match": {f"{field}.words": words}}])
