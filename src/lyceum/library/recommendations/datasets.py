"""Public sets of ratings with a held-out part, as they lie in a folder of data; none of them ships with the product.

MovieLens comes with its splits by time: the last item of each reader, or the last fifth of theirs. The likes of the
Facebook set have a given test part and no times. Of Goodbooks one book of each reader is held out by chance (seeded):
its ratings have no times either.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lyceum.library.recommendations.content import Text
from lyceum.library.recommendations.signals import Signals, pack

NAMES = ("movielens-last", "movielens-fifth", "facebook", "goodbooks")
PARTS = {"movielens-last": "leave_last_out", "movielens-fifth": "last_20_per_user"}
MOST_READERS = 1000
Entry = tuple[str, str, int]


@dataclass(frozen=True)
class Split:
    """What is learnt from, and what each reader took next; `wanted` names items by number, unknown ones below 0."""

    name: str
    signals: Signals
    wanted: dict[int, set[int]]
    texts: list[Text]
    has_times: bool = True


def load(name: str, folder: Path, *, validation: bool = False) -> Split:
    """Read a set. With `validation` the training part alone is split once more, in the same way, for choosing."""
    entries, held, texts = {
        "facebook": _facebook,
        "goodbooks": _goodbooks,
    }.get(name, lambda place: _movielens(place, PARTS[name]))(folder)
    if validation:
        entries, held = _again(entries, share=0.0 if name in ("movielens-last", "goodbooks") else 0.2)
    return _split(name, entries, held, texts)


def is_there(name: str, folder: Path) -> bool:
    place = {"facebook": "facebook_book", "goodbooks": "goodbooks"}.get(name, "ml_latest_small")
    return (folder / place).is_dir()


def _split(name: str, entries: list[Entry], held: list[tuple[str, str]], texts: dict[str, Text]) -> Split:
    readers = {reader: number for number, reader in enumerate(sorted({reader for reader, _, _ in entries}))}
    items = {item: number for number, item in enumerate(sorted({item for _, item, _ in entries}))}
    signals = pack(
        [readers[reader] for reader, _, _ in entries],
        [items[item] for _, item, _ in entries],
        [moment for _, _, moment in entries],
        reader_count=len(readers),
        item_count=len(items),
    )
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for place, (reader, item) in enumerate(held, start=1):
        if reader in readers:
            wanted[readers[reader]].add(items.get(item, -place))
    has_times = any(moment for _, _, moment in entries)
    return Split(name, signals, dict(wanted), [texts.get(item, Text("")) for item in items], has_times)


def _again(entries: list[Entry], *, share: float) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Hold out the last of each reader's entries, or a share of them."""
    of_reader: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_reader[entry[0]].append(entry)
    kept: list[Entry] = []
    held: list[tuple[str, str]] = []
    for own in of_reader.values():
        own.sort(key=lambda entry: entry[2])
        count = min(len(own) - 1, max(1, round(len(own) * share)))
        kept += own[: len(own) - count]
        held += [(reader, item) for reader, item, _ in own[len(own) - count :]]
    return kept, held


def _rows(path: Path, delimiter: str = ",") -> Iterable[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter=delimiter)


def _pairs(path: Path) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in _rows(path, "\t") if row[0] != "user"]


def _movielens(folder: Path, part: str) -> tuple[list[Entry], list[tuple[str, str]], dict[str, Text]]:
    place = folder / "ml_latest_small"
    moments = {(row[0], row[1]): row[3] for row in _rows(place / "ratings.csv")}
    stem = f"recs.ml_latest_small_{part}"
    entries = [(*pair, int(moments[pair])) for pair in _pairs(place / f"{stem}.train.tsv")]
    texts = {row[0]: Text(row[1], categories=tuple(row[2].split("|"))) for row in _rows(place / "movies.csv")}
    return entries, _pairs(place / f"{stem}.test.tsv"), texts


def _facebook(folder: Path) -> tuple[list[Entry], list[tuple[str, str]], dict[str, Text]]:
    place = folder / "facebook_book"
    names = {row[0]: row[1] for row in _rows(place / "mappingLinkedData.tsv", "\t") if len(row) > 1}
    texts = {item: Text(name.rsplit("/", 1)[-1].replace("_", " ")) for item, name in names.items()}
    entries = [(*pair, 0) for pair in _pairs(place / "trainingset.tsv")]
    return entries, _pairs(place / "testset.tsv"), texts


def _goodbooks(folder: Path) -> tuple[list[Entry], list[tuple[str, str]], dict[str, Text]]:
    place = folder / "goodbooks"
    of_reader: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(place / "ratings_sample_100k.csv"):
        if row[0] != "user_id":
            of_reader[row[0]].append(row[1])
    chance = random.Random(7)  # noqa: S311  # makes the same split each time, hides nothing
    chosen = set(chance.sample([reader for reader, own in of_reader.items() if len(own) >= 4], MOST_READERS))
    held = [(reader, own.pop(chance.randrange(len(own)))) for reader, own in of_reader.items() if reader in chosen]
    entries = [(reader, item, 0) for reader, own in of_reader.items() for item in own]
    books = csv.DictReader((place / "books.csv").open(encoding="utf-8"))
    texts = {row["book_id"]: Text(row["title"], tuple(row["authors"].split(", "))) for row in books}
    return entries, held, texts
