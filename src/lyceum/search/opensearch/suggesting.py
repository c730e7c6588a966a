""" "Did you mean": words that are like the typed ones and stand in documents that the asker may see."""

from typing import Any

from lyceum.search.contracts import Declaration, Query
from lyceum.search.opensearch.filters import Clause

CANDIDATES = 5
Words = list[list[str]]


def candidates(declaration: Declaration, query: Query) -> dict[str, Any]:
    """Ask for words like those of the query, whosever documents they are in."""
    ask = {"suggest_mode": "always", "max_edits": 2, "prefix_length": 1, "min_word_length": 3, "size": CANDIDATES}
    parts = {
        f"{number}:{text.name}": {"text": word.text, "term": {"field": text.name, **ask}}
        for number, word in enumerate(query.words)
        for text in declaration.texts
    }
    return {"size": 0, "suggest": parts}


def words_of(answer: dict[str, Any], query: Query) -> Words:
    """Return for each word of the query itself and what it may have been meant for, the likeliest first."""
    scores: list[dict[str, float]] = [{} for _ in query.words]
    for name, parts in answer["suggest"].items():
        known = scores[int(name.partition(":")[0])]
        for option in (option for part in parts for option in part["options"]):
            known[option["text"]] = max(known.get(option["text"], 0.0), option["score"])
    return [
        [word.text, *sorted(known, key=lambda text: (-known[text], text))[:CANDIDATES]]
        for word, known in zip(query.words, scores, strict=True)
    ]


def counts(declaration: Declaration, words: Words, visible: Clause) -> dict[str, Any]:
    """Ask in how many of the documents that the asker may see each word stands: others must not be told of."""
    fields = [text.name for text in declaration.texts]
    every = dict.fromkeys(word for group in words for word in group)
    filters = {word: {"multi_match": {"query": word, "fields": fields, "operator": "and"}} for word in every}
    return {"size": 0, "query": visible, "aggs": {"words": {"filters": {"filters": filters}}}}


def best(words: Words, answer: dict[str, Any], query: Query) -> str:
    """Put the query together from words that stand somewhere; empty when one has no such word, or nothing changes."""
    found = {word: part["doc_count"] for word, part in answer["aggregations"]["words"]["buckets"].items()}
    chosen = [next((word for word in group if found[word]), "") for group in words]
    typed = [word.text for word in query.words]
    return " ".join(chosen) if all(chosen) and chosen != typed else ""
