"""What a reader asks of the catalogue: the address of the search page, understood and written again.

An address may be typed, old or cut; what cannot be understood is left out rather than refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from lyceum.library.fields import EARLIEST_YEAR, LATEST_YEAR

LONGEST_TEXT, LONGEST_VALUE, MOST_VALUES, LAST_PAGE = 500, 200, 20, 9999
# From, and below.
BANDS: dict[str, tuple[int | None, int | None]] = {
    "0-10": (None, 10),
    "10-25": (10, 25),
    "25-50": (25, 50),
    "50-": (50, None),
}
RATINGS = ("4.5", "4", "3")
SORTS = {
    "relevance": _("Best match"),
    "popular": _("Most read"),
    "rating": _("Readers’ rating"),
    "date": _("Newest"),
    "price_asc": _("Price, low to high"),
    "price_desc": _("Price, high to low"),
}


class Sent(Protocol):
    """The query of an address, as Django gives it."""

    def get(self, name: str, default: str, /) -> Any: ...
    def getlist(self, name: str, /) -> Sequence[str]: ...


@dataclass(frozen=True)
class Question:
    q: str = ""
    category: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    price: str = ""
    rating_min: str = ""
    year_min: int | None = None
    year_max: int | None = None
    sort: str = ""
    page: int = 1

    @property
    def order(self) -> str:
        """The order that is asked for; without words to match, the most read come first."""
        return self.sort or self.usual_order

    @property
    def usual_order(self) -> str:
        return "relevance" if self.q else "popular"

    @property
    def is_narrowed(self) -> bool:
        return self != Question(q=self.q, sort=self.sort, page=self.page)

    @property
    def filters(self) -> int:
        """How many filters are on."""
        several = len(self.category) + len(self.author) + len(self.language)
        return several + sum(map(bool, (self.price, self.rating_min, self.year_min or self.year_max)))

    def address(self, **changes: Any) -> str:
        """Return the query of an address that asks this with some changes; from the first page unless one is named."""
        changed = replace(self, **{"page": 1, **changes})
        said = {name: value for name, value in vars(changed).items() if value not in ("", (), None)}
        if changed.page == 1:
            del said["page"]
        return "?" + urlencode(said, doseq=True)


def read(sent: Sent) -> Question:
    low, high = _year(sent, "year_min"), _year(sent, "year_max")
    if low is not None and high is not None and low > high:
        low, high = high, low
    sort = sent.get("sort", "")
    return Question(
        q=_clean(sent.get("q", ""))[:LONGEST_TEXT],
        category=_several(sent, "category"),
        author=_several(sent, "author"),
        language=_several(sent, "language"),
        price=_one_of(sent, "price", BANDS),
        rating_min=_one_of(sent, "rating_min", RATINGS),
        year_min=low,
        year_max=high,
        sort=sort if sort in SORTS else "",
        page=_page(sent.get("page", "1")),
    )


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())


def _several(sent: Sent, name: str) -> tuple[str, ...]:
    values = dict.fromkeys(_clean(text) for text in sent.getlist(name)[:MOST_VALUES])
    return tuple(value for value in values if value and len(value) <= LONGEST_VALUE)


def _one_of(sent: Sent, name: str, known: Sequence[str] | dict[str, Any]) -> str:
    value = sent.get(name, "")
    return value if value in known else ""


def _year(sent: Sent, name: str) -> int | None:
    text = sent.get(name, "").strip()
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        return None
    return min(LATEST_YEAR, max(EARLIEST_YEAR, int(text)))


def _page(text: str) -> int:
    return min(LAST_PAGE, max(1, int(text))) if re.fullmatch(r"[0-9]{1,6}", text) else 1
