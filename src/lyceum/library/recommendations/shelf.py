"""What is recommended to a reader, and what is like a book."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from lyceum.library import selectors
from lyceum.library.models import Book
from lyceum.library.recommendations import kept_lists, mixing, pasts, versions
from lyceum.library.recommendations.errors import NoBooks, NoModel
from lyceum.library.recommendations.kept_lists import Line, Shelf
from lyceum.library.recommendations.mixing import Pick, Recipe
from lyceum.library.recommendations.models import Recommender
from lyceum.library.recommendations.pasts import Candidate, Read, pointed
from lyceum.library.recommendations.variants import recipe_of, variant_of

MOST = 100
# More than are shown, for near-duplicates, what was read and what nobody may see fall out.
LOOKED_AT = 150
# Of so many books that are newer than the training, and so many for each.
FRESH = 3
POPULARITY = "popularity"


@dataclass(frozen=True)
class Recommended:
    """A book for a reader and why; `reason` is a sentence's part, such as “because you liked …”."""

    book: Book
    reason: str
    variant: str
    model: str
    is_own: bool


def recommended(person: Any, *, limit: int = 20, strict: bool = False) -> list[Recommended]:
    """Return books for a reader, the best first, from the list that is kept for an hour or a new one.

    Raises NoBooks where there is none at all; with `strict` NoModel where nothing was trained yet.
    """
    shelf, mark = kept_lists.read(person.pk)
    if shelf is None:
        shelf = _make(person.pk)
        kept_lists.keep(person.pk, shelf, mark)
    if strict and shelf.model == POPULARITY:
        raise NoModel
    if not shelf.lines and not selectors.visible_books(person).exists():
        raise NoBooks
    lines = {line.book_id: line for line in shelf.lines}
    found = selectors.books_in_order(person, list(lines)[: limit + 5])[:limit]
    return [
        Recommended(book, _reason(lines[book.pk]), shelf.variant, shelf.model, lines[book.pk].is_own) for book in found
    ]


def similar(person: Any, book_id: UUID, *, limit: int = 10) -> list[Book]:
    """Return books like one, by its readers and its text; raises NotFound where the person sees no such book."""
    selectors.check_visible(person, book_id)
    ids = _like(book_id) or pasts.kindred([book_id], most=LOOKED_AT)
    return selectors.books_in_order(person, ids[: limit + 5])[:limit]


def _like(book_id: UUID) -> list[UUID]:
    model = versions.current()
    row = model.rows.filter(book=book_id).first() if model is not None else None
    if model is None or row is None:
        return []
    picks = mixing.similar(pointed(row.near), pointed(row.content), settings.RECOMMENDATION_BEHAVIOUR_SHARE)
    known = pasts.candidates(model.pk, [pick.number for pick in picks])
    kin = {number: one.kind for number, one in known.items()} | {row.number: row.kind}
    seen = [pick for pick in picks if pick.number in known]
    taken = mixing.mix(seen, [], limit=MOST, personal_share=1.0, kin=kin, without=[row.number])
    return [known[pick.number].book_id for pick in taken]


def _make(user_id: UUID) -> Shelf:
    variant, model = variant_of(user_id), versions.current()
    past = pasts.past_of(user_id, model.pk if model else None)
    lines, kinds = _trained(model, past, recipe_of(variant)) if model else ([], set[int]())
    lines = _with_fresh(lines, past)
    if len(lines) < MOST:
        lines = _filled_up(lines, past, kinds, model)
    return Shelf(variant, model.label if model else POPULARITY, lines[:MOST])


def _trained(model: Recommender, past: list[Read], recipe: Recipe) -> tuple[list[Line], set[int]]:
    """Mix what the past points to with what is in demand; returns also the kinds that are used up by it."""
    pointing = [read.past for read in past if read.past is not None]
    own = mixing.personal(pointing, recipe, most=LOOKED_AT)
    numbers, values = pointed(model.demand)
    demand = [Pick(int(n), float(v)) for n, v in zip(numbers[:LOOKED_AT], values, strict=False)]
    known = pasts.candidates(model.pk, {pick.number for pick in (*own, *demand)})
    own = [pick for pick in own if pick.number in known]
    popular = _for_taste([pick for pick in demand if pick.number in known], known, past)
    kin = {number: one.kind for number, one in known.items()}
    kin |= {read.number: read.kind for read in past if read.number is not None and read.kind is not None}
    over = [read.number for read in past if read.is_over and read.number is not None]
    taken = mixing.mix(own, popular, limit=MOST, personal_share=recipe.personal, kin=kin, without=over)
    titles = {read.number: read.title for read in past}
    lines = [
        Line(known[pick.number].book_id, titles[pick.because], is_own=True)
        if pick.because is not None
        else Line(known[pick.number].book_id, known[pick.number].category_name)
        for pick in mixing.explain(taken, pointing, recipe)
    ]
    return lines, {kin[number] for number in (*over, *(pick.number for pick in taken))}


def _for_taste(demand: list[Pick], known: Mapping[int, Candidate], past: list[Read]) -> list[Pick]:
    """Put what is in demand on a reader's own shelves before what is in demand elsewhere."""
    share: defaultdict[UUID | None, float] = defaultdict(float)
    for read in past:
        share[read.category] += read.strength if read.category else 0.0
    highest = max(share.values(), default=0.0) or 1.0
    weighed = [
        Pick(pick.number, pick.score * (0.5 + 0.5 * share[known[pick.number].category] / highest)) for pick in demand
    ]
    return sorted(weighed, key=lambda pick: (-pick.score, pick.number))


def _with_fresh(lines: list[Line], past: list[Read]) -> list[Line]:
    """Begin with what is like the newest books that no training knows yet, at every other place."""
    over = {read.book_id for read in past if read.is_over}
    first: dict[UUID, Line] = {}
    for read in [read for read in past if read.number is None and read.strength > 0][: -FRESH - 1 : -1]:
        found = [book for book in pasts.kindred([read.book_id], most=10) if book not in over and book not in first]
        first |= {book: Line(book, read.title, is_own=True) for book in found[:FRESH]}
    others = [line for line in lines if line.book_id not in first]
    beginning = [line for pair in zip(first.values(), others, strict=False) for line in pair]
    return [*beginning, *list(first.values())[len(others) :], *others[len(first) :]]


def _filled_up(lines: list[Line], past: list[Read], kinds: set[int], model: Recommender | None) -> list[Line]:
    """End with what has the best marks, so that also a new or well-read reader has a whole list."""
    over = {read.book_id for read in past if read.is_over} | {line.book_id for line in lines}
    lines = list(lines)
    for book, kind, name in pasts.popular(model.pk if model else None, most=MOST + len(over)):
        if book in over or kind in kinds:
            continue
        lines.append(Line(book, name))
        kinds |= set() if kind is None else {kind}
    return lines


def _reason(line: Line) -> str:
    if line.is_own:
        return _("because you liked %(title)s") % {"title": line.about}
    return _("popular in %(category)s") % {"category": line.about} if line.about else _("popular now")
