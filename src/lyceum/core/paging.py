"""Pages of lists.

Keyset pages are for rows that keep arriving, by (moment, id) downwards, with links both ways that stay right meanwhile;
numbered ones, with a count, are for what people browse.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import number
from lyceum.core.errors import Invalid
from lyceum.core.openapi import whole

M = TypeVar("M", bound=Model)
MAX_LIMIT = 100
MAX_PAGES = 10_000_000
# What `page` reads from the query, for the document.
PARAMETERS = [
    whole("limit", default=20, low=1, high=MAX_LIMIT),
    OpenApiParameter("cursor", str, description="From the links of a page."),
]
# What `numbered` reads from the query, for the document.
NUMBERED = [
    whole("page", default=1, low=1, high=MAX_PAGES),
    whole("page_size", default=20, low=1, high=MAX_LIMIT),
]


@dataclass(frozen=True)
class Numbered:
    """Which page is asked for, and the links of the answer."""

    path: str
    query: dict[str, list[Any]]
    number: int
    size: int

    @property
    def here(self) -> slice:
        return slice((self.number - 1) * self.size, self.number * self.size)

    def answer(self, results: list[Any], count: int) -> Response:
        """Answer with the results of a page, and what stands beside them."""
        envelope = {
            "next": self._link(self.number + 1) if self.number * self.size < count else None,
            "previous": self._link(self.number - 1) if self.number > 1 else None,
            "count": count,
        }
        return Response({"results": results, **envelope}, headers={"X-Total-Count": str(count)})

    def _link(self, number: int) -> str:
        return f"{self.path}?{urlencode({**self.query, 'page': number, 'page_size': self.size}, doseq=True)}"


def numbered(request: Request) -> Numbered:
    """Read which page is asked for; raises Invalid for one that no list has."""
    query = {name: values for name, values in request.query_params.lists() if name not in ("page", "page_size")}
    page_number = number(request, "page", default=1, low=1, high=MAX_PAGES) or 1
    size = number(request, "page_size", default=20, low=1, high=MAX_LIMIT) or 20
    return Numbered(request.path, query, page_number, size)


def _encode(direction: str, row: Any, field: str) -> str:
    moment = getattr(row, field).isoformat().replace("+00:00", "Z")
    text = f"{direction}|{moment}|{row.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[str, datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        direction, moment, identity = text.split("|")
        found = datetime.fromisoformat(moment)
        if direction not in ("n", "p") or found.tzinfo is None:
            raise ValueError
        return direction, found, UUID(identity)
    except (ValueError, binascii.Error, UnicodeDecodeError) as err:
        raise Invalid.field("cursor", "invalid", "Use a link that a page gave.") from err


def page(request: Request, rows: QuerySet[M], field: str) -> tuple[list[M], dict[str, str | None]]:
    """Cut one page, newest first, and return it with its `next` and `previous` links."""
    limit = number(request, "limit", default=20, low=1, high=MAX_LIMIT) or 20
    cursor = request.query_params.get("cursor")
    direction = "n"
    if cursor:
        direction, moment, identity = _decode(cursor)
        side = "lt" if direction == "n" else "gt"
        rows = rows.filter(Q(**{f"{field}__{side}": moment}) | Q(**{field: moment, f"pk__{side}": identity}))
    order = ("-" if direction == "n" else "") + field, ("-pk" if direction == "n" else "pk")
    found = list(rows.order_by(*order)[: limit + 1])
    has_more, found = len(found) > limit, found[:limit]
    if direction == "p":
        found.reverse()

    def link(to: str, row: M) -> str:
        query = {k: v for k, v in request.query_params.items() if k != "cursor"}
        return f"{request.path}?{urlencode({**query, 'cursor': _encode(to, row, field)})}"

    is_after = direction == "p" or has_more
    is_before = (direction == "p" and has_more) or (direction == "n" and bool(cursor))
    return found, {
        "next": link("n", found[-1]) if found and is_after else None,
        "previous": link("p", found[0]) if found and is_before else None,
    }
