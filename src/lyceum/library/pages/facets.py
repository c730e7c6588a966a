"""What stands beside the books of an answer: each filter's values, with how many books they would leave."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from lyceum.library.filters import ids_of
from lyceum.library.models import Book, Category
from lyceum.library.pages.questions import BANDS, RATINGS, Question

ON_A_PAGE = 20


@dataclass(frozen=True)
class Choice:
    """One value of a filter, with the number of books that it leaves under the other filters."""

    value: str
    label: str
    count: int
    is_chosen: bool = False
    below: list["Choice"] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """The books of one page, each with the passage in which the words stand (safe HTML), if there is one.

    `is_plain` says that the index is away, and the database looked for the words as they are.
    """

    books: list[tuple[Book, str]]
    count: int
    categories: list[Choice]
    prices: list[Choice]
    ratings: list[Choice]
    languages: list[Choice]
    did_you_mean: str = ""
    is_plain: bool = False

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // ON_A_PAGE))


def categories(counts: Mapping[UUID, int], asked: Question) -> list[Choice]:
    """Return the branches; below one that is chosen, or has something chosen in it, stands its own."""
    known = defaultdict[UUID | None, list[Category]](list)
    for one in Category.objects.order_by("name_key", "pk"):
        known[one.parent_id].append(one)
    return _branch(None, known, counts, ids_of(Category, asked.category))


def _branch(
    parent: UUID | None, known: Mapping[UUID | None, list[Category]], counts: Mapping[UUID, int], chosen: set[UUID]
) -> list[Choice]:
    found = []
    for one in known.get(parent, ()):
        below = _branch(one.pk, known, counts, chosen)
        is_open = one.pk in chosen or any(each.is_chosen or each.below for each in below)
        count = counts.get(one.pk, 0)
        if count or one.pk in chosen:
            found.append(Choice(str(one.pk), one.name, count, one.pk in chosen, below if is_open else []))
    return found


def prices(counts: Mapping[str, int], asked: Question) -> list[Choice]:
    words = band_words()
    return [Choice(band, words[band], counts.get(band, 0), band == asked.price) for band in BANDS]


def band_words() -> dict[str, str]:
    return {"0-10": _("Under 10"), "10-25": _("10 to 25"), "25-50": _("25 to 50"), "50-": _("50 and over")}


def ratings(counts: Mapping[str, int], asked: Question) -> list[Choice]:
    return [Choice(mark, _("%s and up") % mark, counts.get(mark, 0), mark == asked.rating_min) for mark in RATINGS]


def languages(counts: Mapping[str, int], asked: Question) -> list[Choice]:
    """Return the languages, the most frequent first; one that is chosen stays, also where it leaves nothing."""
    codes = [*counts, *(code for code in asked.language if code not in counts)]
    return [Choice(code, code, counts.get(code, 0), code in asked.language) for code in codes]
