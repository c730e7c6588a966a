"""Search in the catalogue."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import Door, number
from lyceum.core.errors import Invalid
from lyceum.core.openapi import whole
from lyceum.core.permissions import PublicRead
from lyceum.library import searching, selectors
from lyceum.library.api import params
from lyceum.library.api import serializers as forms
from lyceum.library.scopes import READ
from lyceum.library.searching import SORTS, Question
from lyceum.library.selectors import Line
from lyceum.library.shapes import money, name_data
from lyceum.search.contracts import Bucket, Hit

MOST, LONGEST_TEXT, MOST_PAGES = 100, 1000, 10_000_000
RANKINGS = ("blended", "text")
# The first is better on every judged set (`lyceum evaluate retrieval`).
MODES = ("hybrid", "lexical")


class SearchDoor(Door):
    permission_classes = (PublicRead,)
    scopes = READ


def hits_data(person: Any, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return the hits with what is said of their books; one whose book is gone meanwhile is left out."""
    books = selectors.lines(person, [hit.id for hit in hits])
    return [hit_data(books[hit.id], hit) for hit in hits if hit.id in books]


def hit_data(book: Line, hit: Hit) -> dict[str, Any]:
    return {
        "id": book.id,
        "title": book.title,
        "author": book.author,
        "price": money(book.price),
        "currency": book.currency,
        "average_rating": None if book.average_rating is None else float(book.average_rating),
        "review_count": book.review_count,
        "categories": book.categories,
        "score": round(hit.score, 6),
        "highlights": dict(hit.highlights),
    }


def facet_data(facets: Mapping[str, Sequence[Bucket]]) -> dict[str, Any]:
    categories = searching.counted_categories(facets["categories"])
    return {
        "categories": [{**name_data(category), "count": count} for category, count in categories],
        "price_ranges": [
            {"range": one.value, "from": one.start, "to": one.end, "count": one.count} for one in facets["price_ranges"]
        ],
        "ratings": [{"rating": int(one.value), "count": one.count} for one in facets["ratings"]],
        "languages": [{"language": one.value, "count": one.count} for one in facets["languages"]],
        "years": [{"year": int(one.value), "count": one.count} for one in _downwards(facets["years"])],
    }


def _downwards(years: Sequence[Bucket]) -> list[Bucket]:
    return sorted(years, key=lambda one: -int(one.value))


def choice(request: Request, name: str, choices: Sequence[str]) -> str:
    text = request.query_params.get(name) or choices[0]
    if text not in choices:
        raise Invalid.field(name, "invalid", f"Choose one of: {', '.join(choices)}.")
    return text


def words(request: Request) -> str:
    text = request.query_params.get("q", "")
    if len(text) > LONGEST_TEXT:
        raise Invalid.field("q", "too_long", f"Use {LONGEST_TEXT} characters or fewer.")
    return text


def question(request: Request) -> Question:
    """Read what is asked; raises Invalid."""
    return Question(
        text=words(request),
        asked=params.filters(request, rating_min=lambda: params.decimal(request, "rating_min")),
        sort=choice(request, "sort", list(SORTS)),
        page=number(request, "page", default=1, low=1, high=MOST_PAGES) or 1,
        size=number(request, "size", default=20, low=1, high=MOST) or 20,
        cursor=request.query_params.get("cursor", ""),
        by_meaning=choice(request, "mode", MODES) == "hybrid",
        is_blended=settings.SEARCH_SECOND_PASS and choice(request, "ranking", RANKINGS) == "blended",
    )


class Search(SearchDoor):
    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description='Words, "phrases", -without, field:value; none lists everything.'),
            *params.FILTERS,
            OpenApiParameter("rating_min", {"type": "string"}, description="The lowest average rating."),
            OpenApiParameter("sort", str, enum=list(SORTS)),
            whole("page", default=1, low=1, high=MOST_PAGES),
            whole("size", default=20, low=1, high=MOST),
            OpenApiParameter(
                "cursor", str, description="From an answer: goes on behind it, as deep as there are hits."
            ),
            OpenApiParameter("mode", str, enum=MODES, description="`hybrid` also finds what the words mean."),
            OpenApiParameter("ranking", str, enum=RANKINGS, description="`text` turns the second pass off."),
        ],
        responses=forms.SearchView,
    )
    def get(self, request: Request) -> Response:
        """Search the catalogue."""
        started, asked = time.perf_counter(), question(request)
        found = searching.ask(request.user, asked)
        answer = {
            "count": found.count,
            "page": asked.page,
            "size": asked.size,
            "results": hits_data(request.user, found.hits),
            "facets": facet_data(found.facets),
            "cursor": found.cursor or None,
            "took": round((time.perf_counter() - started) * 1000, 1),
        }
        if found.did_you_mean:
            answer["did_you_mean"] = found.did_you_mean
        return Response(answer)


class SearchAutocomplete(SearchDoor):
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}

    @extend_schema(
        parameters=[OpenApiParameter("q", str, description="What is typed so far; nothing below 2 characters.")],
        responses={200: {"type": "array", "items": {"type": "string"}, "maxItems": 10}},
    )
    def get(self, request: Request) -> Response:
        """Offer titles while somebody types, the most popular first."""
        return Response(searching.complete(request.user, words(request)))


class SearchSimilar(SearchDoor):
    refusals = {"GET": (404,)}

    @extend_schema(
        parameters=[OpenApiParameter("book_id", UUID, required=True)],
        responses=forms.HitView(many=True),
    )
    def get(self, request: Request) -> Response:
        """Find books like one."""
        text = request.query_params.get("book_id", "")
        if not text:
            raise Invalid.field("book_id", "required", "Say which book.")
        try:
            book_id = UUID(text)
        except ValueError as err:
            raise Invalid.field("book_id", "invalid", "This is not an id.") from err
        return Response(hits_data(request.user, searching.alike(request.user, book_id, size=10)))
