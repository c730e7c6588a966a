"""From models to a list: what a reader's past points to, mixed with what is in demand, once each, with reasons."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from lyceum.library.recommendations import sparse
from lyceum.library.recommendations.signals import Numbers, Weights, fading

Pointed: TypeAlias = tuple[Numbers, Weights]
NOWHERE: Pointed = (np.empty(0, np.int32), np.empty(0, np.float32))
# How many of a reader's newest signals are looked at: beyond, each says less than a thousandth.
MOST_PAST = 50


@dataclass(frozen=True)
class Past:
    """What a reader took, and where it points: by readers' habits (`links`, `near`), by its text (`content`)."""

    number: int
    strength: float = 1.0
    links: Pointed = NOWHERE
    near: Pointed = NOWHERE
    content: Pointed = NOWHERE
    # What a reader only looked at may still be recommended.
    is_over: bool = True


@dataclass(frozen=True)
class Recipe:
    """How a list is made. `half_life` counts signals, see `signals.fading`; the shares of each pair add up to 1.

    Of the personal score `linear` comes from the linear model, `nearby` from item neighbours, and the rest from
    content. Figures behind the defaults: docs/recommendations.md.
    """

    half_life: float = 5.0
    linear: float = 0.7
    nearby: float = 0.1
    personal: float = 0.7
    behaviour: float = 0.6

    @property
    def content(self) -> float:
        return 1.0 - self.linear - self.nearby


@dataclass(frozen=True)
class Pick:
    """An item for a list; for one that comes of a reader's own past, what of it points there most."""

    number: int
    score: float
    is_own: bool = False
    because: int | None = None


def personal(past: Sequence[Past], recipe: Recipe, *, most: int = 200) -> list[Pick]:
    """Rank what a past (from old to new) points to, without what of it is over; at most so many."""
    pairs = list(zip(past, _weights(past, recipe), strict=True))
    led = sparse.sums((*one.links, weight) for one, weight in pairs)
    near = sparse.sums((*one.near, weight) for one, weight in pairs)
    content = sparse.sums((*one.content, weight) for one, weight in pairs)
    numbers, scores = sparse.sums(
        [(*_unit(led), recipe.linear), (*_unit(near), recipe.nearby), (*_unit(content), recipe.content)]
    )
    kept = (scores > 0) & ~np.isin(numbers, [one.number for one in past if one.is_over])
    numbers, scores = numbers[kept], scores[kept]
    order = np.lexsort((numbers, -scores))[:most]
    return [Pick(int(numbers[place]), float(scores[place]), is_own=True) for place in order]


def explain(picks: Sequence[Pick], past: Sequence[Past], recipe: Recipe) -> list[Pick]:
    """Say for each pick of one's own which item of the past points to it most; for the few that are shown."""
    own = [pick.number for pick in picks if pick.is_own]
    if not own or not past:
        return list(picks)
    best = dict(zip(own, _leading(own, past, recipe), strict=True))
    return [replace(pick, because=best[pick.number]) if pick.is_own else pick for pick in picks]


def _leading(wanted: Sequence[int], past: Sequence[Past], recipe: Recipe) -> list[int]:
    """Return for each wanted item the number of the past one that points to it most, all of them in one sum."""
    parts = [
        (numbers, values * np.float32(share * weight), row)
        for row, (one, weight) in enumerate(zip(past, _weights(past, recipe), strict=True))
        for share, (numbers, values) in (
            (recipe.linear, one.links),
            (recipe.nearby, one.near),
            (recipe.content, one.content),
        )
    ]
    numbers = np.concatenate([part[0] for part in parts])
    rows = np.repeat([part[2] for part in parts], [len(part[0]) for part in parts])
    order = np.argsort(wanted)
    places = np.searchsorted(wanted, numbers, sorter=order)
    places = order[np.minimum(places, len(wanted) - 1)]
    led = np.where(np.asarray(wanted)[places] == numbers, np.concatenate([part[1] for part in parts]), 0)
    total = np.bincount(rows * len(wanted) + places, led, minlength=len(past) * len(wanted))
    return [past[row].number for row in total.reshape(len(past), len(wanted)).argmax(axis=0)]


def _weights(past: Sequence[Past], recipe: Recipe) -> Weights:
    """Return what each of a past says of now: its strength, the less the older it is."""
    return fading(len(past), recipe.half_life) * np.array([one.strength for one in past], np.float32)


def similar(near: Pointed, content: Pointed, behaviour: float) -> list[Pick]:
    """Rank what is like an item: `behaviour` of the score from its readers, the rest from its text."""
    numbers, scores = sparse.sums([(*_unit(near), behaviour), (*_unit(content), 1 - behaviour)])
    order = np.lexsort((numbers, -scores))
    return [Pick(int(numbers[place]), float(scores[place])) for place in order if scores[place] > 0]


def mix(
    own: Sequence[Pick],
    popular: Sequence[Pick],
    *,
    limit: int,
    personal_share: float,
    kin: Mapping[int, int],
    without: Collection[int] = (),
) -> list[Pick]:
    """Take from both, spread so that each beginning of the list has its share; what one lacks the other gives.

    Of near-duplicates (`kin` gives the same number to all of them) one is taken, and none of what is `without`.
    """
    used = {kin.get(number, number) for number in without}
    rows = {True: iter(own), False: iter(popular)}
    taken: list[Pick] = []
    of_own = 0
    while len(taken) < limit:
        is_own = of_own < personal_share * (len(taken) + 1) - 1e-9 if personal_share < 1 else True
        pick = _next(rows[is_own], kin, used)
        if pick is None:
            is_own = not is_own
            pick = _next(rows[is_own], kin, used)
        if pick is None:
            break
        taken.append(pick)
        of_own += is_own
    return taken


def _next(picks: Iterator[Pick], kin: Mapping[int, int], used: set[int]) -> Pick | None:
    for pick in picks:
        of = kin.get(pick.number, pick.number)
        if of not in used:
            used.add(of)
            return pick
    return None


def _unit(pointed: Pointed) -> Pointed:
    numbers, values = pointed
    highest = values.max(initial=0.0)
    return (numbers, values / highest) if highest > 0 else pointed
