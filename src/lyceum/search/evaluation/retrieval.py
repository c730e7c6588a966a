"""`lyceum evaluate retrieval`: how well words, meaning and both together find what people judged to be right."""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from lyceum.search import model_files
from lyceum.search.embeddings.bge import BgeSmall
from lyceum.search.embeddings.kept import KeptEmbedder
from lyceum.search.embeddings.protocol import Embedder
from lyceum.search.embeddings.wordllama import WordLlama
from lyceum.search.evaluation import lexical as by_words
from lyceum.search.evaluation.metrics import ndcg, recall
from lyceum.search.evaluation.sets import SETS, JudgedSet
from lyceum.search.fusion import CANDIDATES, MOST_BY_MEANING, fuse, reciprocal

SWEEP = tuple(round(0.1 * step, 1) for step in range(1, 10))
# nDCG@10 that the hybrid has to reach, by model and set.
AIMS = {
    (BgeSmall.name, "scifact"): 0.76,
    (BgeSmall.name, "cranfield"): 0.43,
    (WordLlama.name, "scifact"): 0.713,
}
PACKAGES = ("tantivy", "numpy", "onnxruntime", "tokenizers", "wordllama")
Say = Callable[[str], None]
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Figures:
    ndcg: float
    recall: float

    def __str__(self) -> str:
        return f"{self.ndcg:.3f} ({self.recall:.3f})"


@dataclass(frozen=True)
class Candidates:
    """What both sides found for one question, and the cosine of every passage that either found."""

    lexical: Scores
    nearest: Sequence[str]
    cosines: Scores


def judge(judged: JudgedSet, rankings: Mapping[str, Sequence[str]]) -> Figures:
    """Average the figures over all questions of a set."""
    pairs = [(ranking, judged.gains[question]) for question, ranking in rankings.items()]
    return Figures(
        float(np.mean([ndcg(ranking, gains, at=10) for ranking, gains in pairs])),
        float(np.mean([recall(ranking, gains, at=100) for ranking, gains in pairs])),
    )


def candidates(judged: JudgedSet, lexical: Mapping[str, Scores], embedder: Embedder) -> dict[str, Candidates]:
    """Find the nearest passages of each question, and the cosines of what the words found."""
    names = list(judged.passages)
    rows = {name: row for row, name in enumerate(names)}
    passages = embedder.embed_passages(list(judged.passages.values()))
    questions = embedder.embed_queries(list(judged.questions.values()))
    found = {}
    for question, vector in zip(judged.questions, questions, strict=True):
        cosines = passages @ vector
        nearest = [names[row] for row in np.argsort(-cosines, kind="stable")[:CANDIDATES]]
        both = {*nearest[:MOST_BY_MEANING], *lexical[question]}
        found[question] = Candidates(lexical[question], nearest, {name: float(cosines[rows[name]]) for name in both})
    return found


def fused(found: Mapping[str, Candidates], weight: float) -> dict[str, list[str]]:
    return {
        question: [name for name, _ in fuse(one.lexical, one.cosines, weight=weight)] for question, one in found.items()
    }


def evaluate(judged: JudgedSet, models: Iterable[Embedder], *, sweep: bool, say: Say) -> bool:
    """Print the figures of one set; returns whether every hybrid is above both its parts and reaches its aim."""
    say(f"\n{judged.name}: {len(judged.passages)} passages, {len(judged.questions)} questions")
    lexical = by_words.search(judged.passages, judged.questions, most=CANDIDATES)
    strict = by_words.search(judged.passages, judged.questions, most=CANDIDATES, needed="most")
    words = judge(judged, {question: list(scores) for question, scores in lexical.items()})
    most = judge(judged, {question: list(scores) for question, scores in strict.items()})
    say(f"  {'BM25, most words must match':44} {most}")
    say(f"  {'BM25 (Tantivy, as the product analyses)':44} {words}")
    return all([_with_model(judged, lexical, words, model, sweep=sweep, say=say) for model in models])


def _with_model(
    judged: JudgedSet, lexical: Mapping[str, Scores], words: Figures, model: Embedder, *, sweep: bool, say: Say
) -> bool:
    found = candidates(judged, lexical, model)
    meaning = judge(judged, {question: one.nearest for question, one in found.items()})
    ranks = {
        question: [name for name, _ in reciprocal([list(one.lexical), one.nearest])] for question, one in found.items()
    }
    both = judge(judged, fused(found, model.weight))
    aim = AIMS.get((model.name, judged.name), 0.0)
    is_reached = both.ndcg > max(words.ndcg, meaning.ndcg) and both.ndcg >= aim
    say(f"  {f'{model.name} alone':44} {meaning}")
    say(f"  {'BM25 + it, reciprocal rank fusion':44} {judge(judged, ranks)}")
    say(f"  {f'BM25 + it, weighted {model.weight:g} (the product)':44} {both}  {_verdict(is_reached, aim)}")
    if sweep:
        figures = ", ".join(f"{weight:g}: {judge(judged, fused(found, weight)).ndcg:.4f}" for weight in SWEEP)
        say(f"  {'  nDCG@10 by weight':44} {figures}")
    return is_reached


def _verdict(is_reached: bool, aim: float) -> str:
    wanted = "above both" + (f" and at least {aim:g}" if aim else "")
    return f"{'reached' if is_reached else 'MISSED'}: {wanted}"


def run(arguments: Sequence[str]) -> int:
    """Evaluate the sets that are there; 1 when an aim is missed, or when there is nothing to evaluate."""
    options = _options(arguments)
    sets = {name: options.data / name for name in options.only if (options.data / name).is_dir()}
    if not sets:
        print(f"There is none of the sets in {options.data}: {', '.join(options.only)}. Name their folder with --data.")
        return 1
    models = list(_models(options.models, options.cache))
    print(_machine(), *(f"{model.name}: {model.size} numbers, weight {model.weight:g}" for model in models), sep="\n")
    print(f"nDCG@10 (recall@100); {CANDIDATES} by words and {MOST_BY_MEANING} by meaning are fused, as in a search.")
    began = time.monotonic()
    reached = [evaluate(SETS[name](folder), models, sweep=options.sweep, say=print) for name, folder in sets.items()]
    print(f"\n{'Every aim is reached.' if all(reached) else 'An aim is missed.'} [{time.monotonic() - began:.0f} s]")
    return 0 if all(reached) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lyceum evaluate retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sets (../shared/data)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SETS), help="sets, by commas (all)")
    parser.add_argument("--models", type=Path, default=model_files.default_folder(), help="folder of fetched models")
    parser.add_argument(
        "--cache", type=Path, default=model_files.default_folder().parent / "evaluation", help="folder of kept vectors"
    )
    parser.add_argument("--sweep", action="store_true", help="also print the figures of other weights")
    return parser.parse_args(list(arguments))


def _models(folder: Path, cache: Path) -> Iterable[Embedder]:
    yield WordLlama()
    if model_files.are_there(folder):
        threads = min(2, os.cpu_count() or 1)
        yield KeptEmbedder(BgeSmall(folder, threads=threads), cache, say=lambda text: print(f"  {text}", flush=True))
    else:
        print(f"{BgeSmall.name} is not evaluated: get it with `lyceum models fetch`.")


def _machine() -> str:
    versions = [f"{name} {version(name)}" for name in PACKAGES if find_spec(name) is not None]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return ", ".join([machine, f"Python {platform.python_version()}", *versions])
