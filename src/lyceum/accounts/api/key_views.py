"""Service keys, for staff."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import keys, selectors
from lyceum.accounts.api import serializers as forms
from lyceum.accounts.api.permissions import IsStaff
from lyceum.core import paging
from lyceum.core.api import Door, read
from lyceum.core.idempotency import FleetingResponse
from lyceum.core.openapi import whole

# How long a repeat with the same Idempotency-Key still gets the secret.
SHOWN_SECONDS = 60


class KeyList(Door):
    permission_classes = (IsStaff,)
    creates = True
    refusals = {"GET": (403,)}

    @extend_schema(
        parameters=[
            whole("limit", default=20, low=1, high=paging.MAX_LIMIT),
            OpenApiParameter("cursor", str, description="From the links of a page."),
        ],
        responses=forms.KeyPage,
    )
    def get(self, request: Request) -> Response:
        """List the service keys, the newest first."""
        found, links = paging.page(request, selectors.all_keys(), "created_at")
        return Response({"results": [asdict(selectors.key_view(key)) for key in found], **links})

    @extend_schema(request=forms.KeyBody, responses={201: forms.MadeKeyView})
    def post(self, request: Request) -> Response:
        """Make a service key. The answer is the only place where it is shown."""
        key, secret = keys.create(**read(forms.KeyBody, request), actor=request.user)  # type: ignore[arg-type]
        made: dict[str, Any] = {**asdict(selectors.key_view(key)), "key": secret}
        return FleetingResponse(made, seconds=SHOWN_SECONDS, status=201, headers={"Cache-Control": "no-store"})


class KeyDetail(Door):
    permission_classes = (IsStaff,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a service key; it is refused at once, and its sockets close."""
        keys.revoke(key_id, actor=request.user)  # type: ignore[arg-type]
        return Response(status=204)
