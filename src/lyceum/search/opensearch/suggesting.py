"""Words of the index that are like those of a query: to forgive slips, and to say what may have been meant."""

from collections.abc import Iterable, Mapping
from typing import Any

from lyceum.search.contracts import Declaration, Query
from lyceum.search.opensearch.filters import Clause
from lyceum.search.words import fold, slips

LIKE = {"suggest_mode": "always", "min_word_length": 3, "max_term_freq": 1_000_000_000, "size": 8}
# Where nothing was found, more may be wrong, the first letter too.
MEANT = {**LIKE, "max_edits": 2, "prefix_length": 0}
SHORTEST_PART = 3
Options = dict[str, list[str]]


def near(declaration: Declaration, query: Query) -> dict[str, Any] | None:
    """Ask for the words that a slip may have made into those of the query; None where none is forgiven."""
    asked = {word.text: {**LIKE, "prefix_length": 1, "max_edits": slips(fold(word.text))} for word in query.words}
    return _question(declaration, {word: options for word, options in asked.items() if options["max_edits"]})


def meant(declaration: Declaration, query: Query) -> dict[str, Any] | None:
    """Ask for what the words of a query that found nothing may have been meant for."""
    return _question(declaration, {word.text: MEANT for word in query.words})


def _question(declaration: Declaration, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    parts = {
        f"{number} {text.name}": {"text": word, "term": {"field": text.name, **options}}
        for number, (word, options) in enumerate(asked.items())
        for text in declaration.texts
    }
    return {"size": 0, "suggest": parts} if parts else None


def options_of(answer: Mapping[str, Any], words: Iterable[str]) -> Options:
    """Return for each word of the question what is like it, the likest first."""
    scores: dict[str, dict[str, float]] = {fold(word): {} for word in words}
    for parts in answer["suggest"].values():
        for part in parts:
            known = scores.setdefault(part["text"], {})
            for option in part["options"]:
                known[option["text"]] = max(known.get(option["text"], 0.0), option["score"])
    return {word: sorted(known, key=lambda text: (-known[text], text)) for word, known in scores.items()}


def parts_of(word: str) -> list[tuple[str, str]]:
    """Return the ways in which two words may have been written as one."""
    return [(word[:at], word[at:]) for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)]


def counts(declaration: Declaration, options: Options, visible: Clause) -> dict[str, Any]:
    """Ask in how many of the documents that the asker may see each word stands: others must not be told of."""
    fields = [text.name for text in declaration.texts]
    every = dict.fromkeys(part for word, like in options.items() for part in (word, *like, *sum(parts_of(word), ())))
    filters = {word: {"multi_match": {"query": word, "fields": fields, "operator": "and"}} for word in every}
    return {"size": 0, "query": visible, "aggs": {"words": {"filters": {"filters": filters}}}}


def best(options: Options, answer: Mapping[str, Any]) -> dict[str, str]:
    """Return for the words that stand nowhere what stands somewhere and is likest, or two words of which it is made."""
    found = {word: part["doc_count"] for word, part in answer["aggregations"]["words"]["buckets"].items()}
    right = {}
    for word, like in options.items():
        if found[word]:
            continue
        pairs = [" ".join(pair) for pair in parts_of(word) if all(found[part] for part in pair)]
        if meant := next((one for one in like if found[one]), pairs[0] if pairs else ""):
            right[word] = meant
    return right
