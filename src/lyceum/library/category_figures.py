"""`lyceum evaluate categories`: how often what is suggested for a book is where it stands."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lyceum.library import likely
from lyceum.library.likely import Example

BANDS = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.01))


@dataclass(frozen=True)
class Figures:
    """Shares of books whose first suggestion is right, and of those with a right one among three."""

    first: float
    among_three: float
    # The same where the fullest categories are suggested for every book.
    fullest_first: float
    fullest_among_three: float
    # By bands of the score: how many first suggestions, and the share that is right.
    bands: Sequence[tuple[float, float, int, float]]


def measure(examples: Sequence[Example]) -> Figures:
    """Suggest for each book from all the others, as if it stood nowhere."""
    counts = Counter(name for one in examples for name in one.categories)
    names, model = sorted(counts), likely.model()
    titles = dict(zip(names, model.embed_passages(names), strict=True))
    vectors = model.embed_passages([one.text for one in examples])
    shelves = likely.learn(titles, [(vector, one.categories) for vector, one in zip(vectors, examples, strict=True)])
    ranked, fullest = [], []
    for vector, one in zip(vectors, examples, strict=True):
        scores = shelves.without(vector, one.categories).scores(vector)
        ranked.append(sorted(scores.items(), key=lambda found: -found[1]))
        # Neither side may count the book itself.
        others = counts - Counter(one.categories)
        fullest.append([name for name, _ in others.most_common(3)])
    return Figures(
        _share([order[0][0] in one.categories for order, one in zip(ranked, examples, strict=True)]),
        _share(
            [any(name in one.categories for name, _ in order[:3]) for order, one in zip(ranked, examples, strict=True)]
        ),
        _share([order[0] in one.categories for order, one in zip(fullest, examples, strict=True)]),
        _share([bool(one.categories & set(order)) for order, one in zip(fullest, examples, strict=True)]),
        _bands([(order[0][1], order[0][0] in one.categories) for order, one in zip(ranked, examples, strict=True)]),
    )


def _share(right: Sequence[bool]) -> float:
    return float(np.mean(right)) if right else 0.0


def _bands(firsts: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int, float]]:
    found = []
    for low, high in BANDS:
        right = [is_right for score, is_right in firsts if low <= score < high]
        found.append((low, min(high, 1.0), len(right), _share(right)))
    return found


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="lyceum evaluate categories",
        description="Suggest categories for each book from all the others, and count how often they are its own.",
    )
    parser.add_argument("--own", action="store_true", help="measure on the books of this workspace, not on the demo's")
    return parser.parse_args(arguments)


def sentences(examples: Sequence[Example], found: Figures) -> list[str]:
    categories = len({name for one in examples for name in one.categories})
    lines = [
        f"{len(examples):,} books in {categories} categories, each held out in turn ({likely.model().name}).",
        f"  first suggestion right   {found.first:.3f}   (always the fullest category: {found.fullest_first:.3f})",
        f"  right one among three    {found.among_three:.3f}   (the three fullest: {found.fullest_among_three:.3f})",
        "  by the score of the first suggestion (suggested from "
        f"{likely.LEAST_SCORE} on): books, share right, as promised",
    ]
    lines += [
        f"    {low:.1f} to {high:.1f}   {count:5,}   {share:.3f}" for low, high, count, share in found.bands if count
    ]
    return lines
