from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core.api import Door, number
from lyceum.core.errors import Invalid
from lyceum.core.openapi import whole
from lyceum.core.permissions import PublicRead
from lyceum.search import public as search
from lyceum.search.api import serializers as forms
from lyceum.search.sections import Everything, Group

MOST = 20


class EverythingSearch(Door):
    permission_classes = (PublicRead,)

    def _check_scopes(self, request: Request) -> None:
        """Leave it to the kinds: each is found by who has its own scope."""

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description="What to find; nothing finds nothing."),
            OpenApiParameter("kind", str, many=True, description="Only these kinds, such as `message`."),
            whole("size", default=5, low=1, high=MOST),
        ],
        responses=forms.EverythingView,
    )
    def get(self, request: Request) -> Response:
        """Find whatever one may see: books, people, conversations, messages; grouped by kind."""
        asker = request.user if request.user.is_authenticated else None
        found = search.everything(
            request.query_params.get("q", ""),
            asker=asker,
            kinds=_kinds(request),
            granted=getattr(request._request, "granted_scopes", None),
            size=number(request, "size", default=5, low=1, high=MOST) or 5,
        )
        return Response(_answer(found))


def _kinds(request: Request) -> list[str]:
    asked, known = request.query_params.getlist("kind"), search.kinds_shown()
    if unknown := [kind for kind in asked if kind not in known]:
        raise Invalid.field("kind", "invalid", f"There is no kind {unknown[0][:40]}. Use: {', '.join(known)}.")
    return asked


def _answer(found: Everything) -> dict[str, Any]:
    meant = {"did_you_mean": found.did_you_mean} if found.did_you_mean else {}
    return {"count": found.count, "groups": [_group(group) for group in found.groups], **meant, "took": found.took_ms}


def _group(group: Group) -> dict[str, Any]:
    results = [
        {"id": one.id, "title": one.title, "url": one.url, "highlight": one.excerpt, "note": one.note, "at": one.at}
        for one in group.results
    ]
    return {"kind": group.section.kind, "title": str(group.section.title), "count": group.count, "results": results}
