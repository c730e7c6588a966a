from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import Door, number
from lyceum.core.errors import Invalid
from lyceum.core.openapi import whole
from lyceum.messaging import finding, shapes
from lyceum.messaging.api import serializers as forms
from lyceum.messaging.finding import FoundMessage
from lyceum.messaging.scopes import READ

MOST = 100
MOMENT = "A moment as in `2026-03-01T09:30:00Z`, or a day in UTC"


class MessageSearch(Door):
    scopes = READ
    refusals = {"GET": (404,)}

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description='What to find: words, "phrases", -without; nothing finds all.'),
            OpenApiParameter("conversation", UUID, description="Only in this one."),
            OpenApiParameter("sender", UUID, description="Only of this person."),
            OpenApiParameter("from", str, description=f"{MOMENT}: only from then on."),
            OpenApiParameter("to", str, description=f"{MOMENT}: only before it; of a day, to its end."),
            OpenApiParameter("order", str, enum=["relevance", "newest"], description="Without `q`: newest."),
            whole("limit", default=20, low=1, high=MOST),
            OpenApiParameter("cursor", str, description="From the link of a page."),
        ],
        responses=forms.FoundMessagePage,
    )
    def get(self, request: Request) -> Response:
        """Find messages that one may read; each with its place in Talk."""
        asked = request.query_params
        answer, found = finding.find_messages(
            request.user,
            asked.get("q", ""),
            conversation=_identity(request, "conversation"),
            sender=_identity(request, "sender"),
            since=_moment(request, "from", is_end=False),
            until=_moment(request, "to", is_end=True),
            is_newest_first=_is_newest_first(request),
            size=number(request, "limit", default=20, low=1, high=MOST) or 20,
            cursor=asked.get("cursor", ""),
        )
        meant = {"did_you_mean": answer.did_you_mean} if answer.did_you_mean else {}
        return Response(
            {
                "count": answer.count,
                "results": [_message(one) for one in found],
                "next": _next(request, answer.cursor) if answer.cursor else None,
                **meant,
                "took": answer.took_ms,
            }
        )


def _identity(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as err:
        raise Invalid.field(name, "invalid", "Use an id.") from err


def _moment(request: Request, name: str, *, is_end: bool) -> datetime | None:
    """Read a moment; a day stands for its beginning, or where a span ends, for the beginning of the next."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        if (day := parse_date(text)) is not None:
            return datetime.combine(day, time(), UTC) + timedelta(days=1 if is_end else 0)
        found = parse_datetime(text)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid.field(name, "invalid", "Use a day, or a moment with its zone.")
    return found


def _is_newest_first(request: Request) -> bool:
    order = request.query_params.get("order", "relevance")
    if order not in ("relevance", "newest"):
        raise Invalid.field("order", "invalid", "Say relevance or newest.")
    return order == "newest"


def _next(request: Request, cursor: str) -> str:
    query = {name: value for name, value in request.query_params.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**query, 'cursor': cursor})}"


def _message(found: FoundMessage) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.pk,
        "conversation": {"id": row.conversation_id, "kind": row.conversation.kind, "name": found.place},
        "sequence": row.sequence,
        "sender": shapes.person(row.sender),
        "content": row.content,
        "highlight": found.excerpt,
        "timestamp": row.created_at,
        "edited_at": row.edited_at,
        "url": found.url,
    }
