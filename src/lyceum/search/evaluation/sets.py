"""Public sets of questions with judged answers, read from a folder that holds them; nothing of them is shipped."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class JudgedSet:
    """Passages and questions by id, and for each question what is to be found with its gain."""

    name: str
    passages: dict[str, str]
    questions: dict[str, str]
    gains: dict[str, dict[str, float]]


def scifact(folder: Path) -> JudgedSet:
    """Claims and the abstracts that they cite: the training claims, whose test set is kept back."""
    return _beir("scifact", folder, "corpus.jsonl.gz", "queries.train.jsonl", "qrels.train.tsv")


def cranfield(folder: Path) -> JudgedSet:
    return _beir("cranfield", folder, "corpus.jsonl", "queries.jsonl", "qrels.tsv")


def pubmedqa(folder: Path) -> JudgedSet:
    """Questions of papers; the one answer is the abstract of the paper itself."""
    questions = {row["id"]: row["question"] for row in _rows(folder / "qa.jsonl")}
    return JudgedSet("pubmedqa", _passages(folder / "corpus.jsonl"), questions, {one: {one: 1.0} for one in questions})


def squad2(folder: Path) -> JudgedSet:
    """Questions that have an answer; the paragraph that they were asked about is to be found."""
    rows = [row for row in _rows(folder / "qa.jsonl") if not row["unanswerable"]]
    questions = {row["id"]: row["question"] for row in rows}
    gains = {row["id"]: {row["passage_id"]: 1.0} for row in rows}
    return JudgedSet("squad2", _passages(folder / "corpus.jsonl"), questions, gains)


SETS = {"scifact": scifact, "cranfield": cranfield, "pubmedqa": pubmedqa, "squad2": squad2}


def _beir(name: str, folder: Path, corpus: str, queries: str, judgements: str) -> JudgedSet:
    gains: dict[str, dict[str, float]] = {}
    with (folder / judgements).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if float(row["score"]) > 0:
                gains.setdefault(row["query-id"], {})[row["corpus-id"]] = float(row["score"])
    questions = {row["_id"]: row["text"] for row in _rows(folder / queries) if row["_id"] in gains}
    return JudgedSet(name, _passages(folder / corpus), questions, gains)


def _passages(file: Path) -> dict[str, str]:
    return {row["_id"]: f"{row['title']}\n{row['text']}".strip() for row in _rows(file)}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
