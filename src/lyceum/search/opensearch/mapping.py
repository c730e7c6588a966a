"""How a declared kind lies in an index: analyzers, mapping, and documents as the node takes them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lyceum.search import words
from lyceum.search.contracts import (
    LANGUAGES,
    Boolean,
    Completion,
    Date,
    Declaration,
    Document,
    Field,
    Keyword,
    Number,
    Point,
    Text,
)
from lyceum.search.stop_words import STOP_WORDS

STEMMERS = {"en": "english", "de": "german", "fr": "french", "es": "spanish"}
# What we keep beside the declared fields; no app names a field so.
TITLE, URL, LANGUAGE, DIGEST = "lyceum_title", "lyceum_url", "lyceum_language", "lyceum_digest"
# Longer values are no names for anything, and a node refuses those of more than 32,766 bytes.
LONGEST_KEYWORD = 8000
LONGEST_BEGINNING = 30
# As `search.words` does it, in the language of the node's expressions.
EVENED_OUT: dict[str, Any] = {
    name: {"type": "pattern_replace", "pattern": f"(?iU){pattern}", "replacement": replacement}
    for name, pattern, replacement in (
        ("possessive", words.POSSESSIVE.pattern, ""),
        ("elision", words.ELISION.pattern, " "),
        ("apostrophe", words.APOSTROPHE.pattern, ""),
    )
}
SIGNS = words.SIGNS
WORDS = {"words": {"type": "pattern", "pattern": rf"(?U)[{SIGNS}]|[\w&&[^{SIGNS}]]+", "group": 0}}
# BM25, but for a rarity that compares between fields: the usual one counts those that have the field at all, and
# so a word in a field that few have would be worth nothing.
COMPARABLE: dict[str, Any] = {
    "type": "scripted",
    "weight_script": {"source": "Math.log(1 + 1000000.0 / (term.docFreq + 0.5)) * query.boost"},
    "script": {
        "source": "double mean = Math.max(1.0, field.sumTotalTermFreq / (double) Math.max(1, field.docCount));"
        " return weight * doc.freq * 2.2 / (doc.freq + 1.2 * (0.25 + 0.75 * doc.length / mean));"
    },
}
SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    # A second node has a copy; a single one is whole without.
    "auto_expand_replicas": "0-1",
    # What was applied is seen after `commit`, which refreshes.
    "refresh_interval": "-1",
    # How long the node remembers what was deleted, so that an older change that comes late does not bring it back.
    "gc_deletes": "1h",
    "max_result_window": 10_000_000,
    "mapping": {"ignore_malformed": True},
    "similarity": {"default": COMPARABLE},
}


def analysis() -> dict[str, Any]:
    """Return the analyzers: one that folds alone, one for each language, and those for what begins as typed.

    Words are taken as `search.words` takes them, and folded before they are stemmed.
    """
    folding = ["lowercase", "asciifolding"]
    filters: dict[str, Any] = {
        "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": LONGEST_BEGINNING},
        "cut": {"type": "truncate", "length": LONGEST_BEGINNING},
    }
    analyzers: dict[str, Any] = {
        "folded": _analyzer(folding),
        "beginnings": {**_analyzer([*folding, "beginnings"]), "tokenizer": "keyword"},
        "typed": {**_analyzer([*folding, "cut"]), "tokenizer": "keyword"},
        "word_beginnings": _analyzer([*folding, "beginnings"]),
        "typed_words": _analyzer([*folding, "cut"]),
    }
    for code in LANGUAGES:
        filters[f"stop_{code}"] = {"type": "stop", "stopwords": sorted(STOP_WORDS[code])}
        filters[f"stem_{code}"] = {"type": "stemmer", "language": STEMMERS[code]}
        analyzers[code] = _analyzer([*folding, f"stop_{code}", f"stem_{code}"])
    return {"char_filter": EVENED_OUT, "tokenizer": WORDS, "filter": filters, "analyzer": analyzers}


def _analyzer(filters: Sequence[str]) -> dict[str, Any]:
    return {"type": "custom", "char_filter": list(EVENED_OUT), "tokenizer": "words", "filter": list(filters)}


def index_of(declaration: Declaration) -> dict[str, Any]:
    """Return the body that makes an index of a kind."""
    properties: dict[str, Any] = {
        "id": {"type": "keyword"},
        "popularity": {"type": "double"},
        TITLE: {"type": "keyword", "index": False, "doc_values": False},
        URL: {"type": "keyword", "index": False, "doc_values": False},
        LANGUAGE: {"type": "keyword"},
        DIGEST: {"type": "long", "index": False},
    }
    for field in declaration.fields:
        properties |= _properties(field)
    meta = {"kind": declaration.kind, "schema": declaration.schema}
    mappings = {"dynamic": False, "_meta": meta, "properties": properties}
    return {"settings": {**SETTINGS, "analysis": analysis()}, "mappings": mappings}


def _properties(field: Field) -> dict[str, Any]:
    match field:
        case Text():
            codes = LANGUAGES if field.by_language else ()
            stemmed = {stemmed_name(field.name, code): {"type": "text", "analyzer": code} for code in codes}
            return {field.name: {"type": "text", "analyzer": "folded"}, **stemmed}
        case Keyword():
            exact = {"type": "keyword", "ignore_above": LONGEST_KEYWORD}
            return {field.name: exact, folded_name(field.name): exact}
        case Number():
            return {field.name: {"type": "double"}}
        case Date():
            return {field.name: {"type": "date"}}
        case Boolean():
            return {field.name: {"type": "boolean"}}
        case Point():
            return {field.name: {"type": "geo_point"}}
        case Completion():
            each = {"type": "text", "analyzer": "word_beginnings", "search_analyzer": "typed_words"}
            begins = {"type": "text", "analyzer": "beginnings", "search_analyzer": "typed", "fields": {"words": each}}
            return {field.name: begins}


def stemmed_name(name: str, code: str) -> str:
    """Return the name under which a text of a language lies; without one it lies under its own."""
    return f"{name}__{code}" if code else name


def folded_name(name: str) -> str:
    """Return the name under which a keyword lies as queries compare and answers sort it."""
    return f"{name}__folded"


def folded_value(text: str) -> str:
    """Return a keyword as it is compared: its words, without case and accents."""
    return " ".join(words.fold(word) for word in words.split(text))


def source_of(declaration: Declaration, document: Document) -> dict[str, Any]:
    """Return a document as it is sent."""
    source: dict[str, Any] = {
        "id": str(document.id),
        "popularity": float(document.popularity),
        TITLE: document.title,
        URL: document.url,
        LANGUAGE: document.stem_language or "none",
        DIGEST: document.digest,
    }
    for field in declaration.fields:
        value = document.values.get(field.name)
        if value is None:
            continue
        source[field.name] = _value(field, value)
        if isinstance(field, Keyword):
            exact = source[field.name]
            source[folded_name(field.name)] = [
                folded_value(one) for one in (exact if isinstance(exact, list) else [exact])
            ]
        if isinstance(field, Text) and field.by_language and document.stem_language:
            source[stemmed_name(field.name, document.stem_language)] = source[field.name]
    return source


def _value(field: Field, value: Any) -> Any:
    if isinstance(field, Point):
        longitude, latitude = value
        return {"lon": float(longitude), "lat": float(latitude)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scalar(field, one) for one in value]
    return scalar(field, value)


def scalar(field: Field | None, value: Any) -> Any:
    """Return one value as a field of this kind holds it, in documents and in filters alike."""
    if isinstance(value, bool):
        return value if isinstance(field, Boolean) else str(value).lower()
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Decimal, int, float)) and not isinstance(field, Keyword):
        return float(value)
    return str(value) if isinstance(value, (UUID, Decimal, int, float)) else value
