"""What is recommended, what is like a book, and what came of it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import Door, number, read
from lyceum.core.openapi import whole
from lyceum.core.permissions import IsStaff, PublicReadStaffWrite, is_staff
from lyceum.core.serializers import Body, StrictChoice, StrictUUID
from lyceum.library.api.serializers import BookView
from lyceum.library.recommendations import figures, shelf, showings
from lyceum.library.recommendations.intervals import Rate
from lyceum.library.scopes import LIBRARY_READ, LIBRARY_WRITE, READ
from lyceum.library.shapes import book_data

LONGEST_DAYS = showings.KEPT.days


class RecommendedView(BookView):
    reason = serializers.CharField(help_text="Such as “because you liked …” or “popular in …”.")
    variant = serializers.CharField(help_text="The group whose way of making lists the reader has.")
    model = serializers.CharField(help_text="The training that it comes from; `popularity` before the first one.")


class ActBody(Body):
    example = {"book": "01a20a8c-3f00-7000-8000-000000000000", "act": "clicked"}
    book = StrictUUID()
    act = StrictChoice(
        choices=["clicked", "dismissed", "restored"],
        help_text="It was opened; it is not wanted on the shelf any more; it may be there again.",
    )


class RateView(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True, help_text="Null where nothing was shown.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class VariantView(serializers.Serializer[Any]):
    variant = serializers.CharField()
    people = serializers.IntegerField()
    shown = serializers.IntegerField(help_text="Books shown, each once a day for each reader.")
    clicked = serializers.IntegerField()
    ordered = serializers.IntegerField()
    click_through = RateView(help_text="Clicked of shown, with its interval of 95 %.")
    conversion = RateView(help_text="Ordered of shown, with its interval of 95 %.")


class FiguresView(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    variants = VariantView(many=True)


def whole_flag(request: Request, name: str) -> bool:
    return bool(number(request, name, default=0, low=0, high=1))


def rate_data(rate: Rate) -> dict[str, float | None]:
    return {"value": rate.value, "low": rate.low, "high": rate.high}


class RecommendedBooks(Door):
    permission_classes = (IsAuthenticated,)
    scopes = READ

    @extend_schema(
        parameters=[
            whole("limit", default=20, low=1, high=shelf.MOST),
            whole("strict", default=0, low=0, high=1),
        ],
        responses=RecommendedView(many=True),
    )
    def get(self, request: Request) -> Response:
        """Read what is recommended to one, and why; with `strict=1` only from a training."""
        limit = number(request, "limit", default=20, low=1, high=shelf.MOST) or 20
        found = shelf.recommended(request.user, limit=limit, strict=whole_flag(request, "strict"))
        showings.show(request.user, found)
        for_staff = is_staff(request)
        return Response(
            [
                {
                    **book_data(one.book, for_staff=for_staff),
                    "reason": one.reason,
                    "variant": one.variant,
                    "model": one.model,
                }
                for one in found
            ]
        )


class RecommendedAct(Door):
    permission_classes = (IsAuthenticated,)
    scopes = {"POST": (LIBRARY_WRITE,)}
    refusals = {"POST": (404,)}

    @extend_schema(request=ActBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Say what one did with a book that was recommended; the same again counts once."""
        body = read(ActBody, request)
        act = {"clicked": showings.click, "dismissed": showings.dismiss, "restored": showings.take_back}[body["act"]]
        act(request.user, body["book"])
        return Response(status=204)


class RecommendationFigures(Door):
    permission_classes = (IsStaff,)
    scopes = {"GET": (LIBRARY_READ,)}

    @extend_schema(parameters=[whole("days", default=30, low=1, high=LONGEST_DAYS)], responses=FiguresView)
    def get(self, request: Request) -> Response:
        """Read how often recommendations were opened and ordered, group by group."""
        days = number(request, "days", default=30, low=1, high=LONGEST_DAYS) or 30
        variants = [
            {
                "variant": one.variant,
                "people": one.people,
                "shown": one.shown,
                "clicked": one.clicked,
                "ordered": one.ordered,
                "click_through": rate_data(one.click_through),
                "conversion": rate_data(one.conversion),
            }
            for one in figures.by_variant(days)
        ]
        return Response({"days": days, "variants": variants})


class SimilarBooks(Door):
    permission_classes = (PublicReadStaffWrite,)
    scopes = READ

    @extend_schema(parameters=[whole("limit", default=10, low=1, high=shelf.MOST)], responses=BookView(many=True))
    def get(self, request: Request, book_id: UUID) -> Response:
        """Read which books are like one, by its readers and its text."""
        limit = number(request, "limit", default=10, low=1, high=shelf.MOST) or 10
        for_staff = is_staff(request)
        found = shelf.similar(request.user, book_id, limit=limit)
        return Response([book_data(book, for_staff=for_staff) for book in found])
