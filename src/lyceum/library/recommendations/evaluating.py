"""`lyceum evaluate recommendations`: how well the product foresees what readers took next, beside baselines."""

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from lyceum.library.recommendations import datasets
from lyceum.library.recommendations.datasets import Split
from lyceum.library.recommendations.evaluation import OWN, Row, compare
from lyceum.library.recommendations.mixing import Recipe

# nDCG@10 that the product has to reach, and be above every baseline with.
AIMS = {"movielens-last": 0.041, "movielens-fifth": 0.128}
BASELINES = ("popularity", "item neighbours", "ALS")
Say = Callable[[str], None]


def run(arguments: Sequence[str], say: Say = print) -> int:
    """Measure on the sets that lie there; returns 1 when an aim is missed, 2 when there is no data."""
    options = _parser().parse_args(arguments)
    folder = Path(options.data)
    names = [name for name in options.only or datasets.NAMES if datasets.is_there(name, folder)]
    if not names:
        say(f"No data in {folder}. Name the folder that holds ml_latest_small, facebook_book or goodbooks with --data.")
        return 2
    say(f"Python {platform.python_version()}, numpy {version('numpy')}, {os.cpu_count()} cores, {platform.machine()}")
    say("nDCG@10 with its standard error, recall@20, coverage@10, novelty@10 in bits, seconds to train and rank")
    splits = (datasets.load(name, folder, validation=options.validation) for name in names)
    return 0 if all([evaluate(split, is_test=not options.validation, say=say) for split in splits]) else 1


def evaluate(split: Split, *, is_test: bool = True, say: Say = print) -> bool:
    """Print the figures of one set; returns whether its aim is reached where it has one."""
    signals = split.signals
    part = "held-out part" if is_test else "part of the training data, for choosing"
    say(
        f"\n{split.name} ({part}): {len(signals)} signals of {signals.reader_count} readers "
        f"on {signals.item_count} items, {len(split.wanted)} readers asked"
    )
    rows: dict[str, Row] = {}
    for row in compare(split):
        rows[row.name] = row
        say(_line(row))
    return _verdict(split, rows, say) if is_test else True


def _line(row: Row) -> str:
    figures = f"{row.ndcg:.4f} ±{row.error:.4f}  {row.recall:.4f}  {row.coverage:.3f}  {row.novelty:5.2f}"
    return f"  {row.name:22} {figures}  {row.seconds:6.1f} s"


def _verdict(split: Split, rows: dict[str, Row], say: Say) -> bool:
    aim, own = AIMS.get(split.name), rows[OWN].ndcg
    is_above = all(own > rows[name].ndcg for name in BASELINES)
    if aim is None:
        say(f"  {OWN} is {'above' if is_above else 'NOT above'} every baseline")
        return True
    is_reached = own >= aim and is_above
    say(f"  {'reached' if is_reached else 'MISSED'}: at least {aim:g} and above every baseline")
    return is_reached


def _parser() -> argparse.ArgumentParser:
    recipe = Recipe()
    parser = argparse.ArgumentParser(
        prog="lyceum evaluate recommendations",
        description="How well recommendations foresee what readers took next, on public sets, beside popularity, item "
        f"neighbours, ALS and EASE. {OWN} is the personal part of a list, made by the product's own functions "
        f"(half-life of {recipe.half_life:g} signals, {recipe.linear:.0%} linear model, {recipe.nearby:.0%} "
        f"neighbours, {recipe.content:.0%} content); the shelf mixes in what is popular.",
    )
    parser.add_argument("--data", default="../shared/data", help="folder of the sets (../shared/data)")
    parser.add_argument("--only", nargs="+", choices=datasets.NAMES, help="some sets alone")
    parser.add_argument(
        "--validation",
        action="store_true",
        help="split the training part once more and measure there: what the recipe was chosen by",
    )
    return parser
