"""Service keys, for staff."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import keys, selectors
from lyceum.accounts.api import serializers as forms
from lyceum.accounts.bodies import KeyBody
from lyceum.core import paging
from lyceum.core.api import Door, read
from lyceum.core.idempotency import ShownOnce
from lyceum.core.permissions import IsStaff


class KeyList(Door):
    permission_classes = (IsStaff,)
    creates = True

    @extend_schema(
        parameters=paging.PARAMETERS,
        responses=forms.KeyPage,
    )
    def get(self, request: Request) -> Response:
        """List the service keys, the newest first."""
        found, links = paging.page(request, selectors.all_keys(), "created_at")
        return Response({"results": [asdict(selectors.key_view(key)) for key in found], **links})

    @extend_schema(request=KeyBody, responses={201: forms.MadeKeyView})
    def post(self, request: Request) -> Response:
        """Make a service key. The answer is the only place where it is shown."""
        key, secret = keys.create(**read(KeyBody, request), actor=request.user)  # type: ignore[arg-type]
        made: dict[str, Any] = {**asdict(selectors.key_view(key)), "key": secret}
        return ShownOnce(made, status=201)


class KeyDetail(Door):
    permission_classes = (IsStaff,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a service key; it is refused at once, and its sockets close."""
        keys.revoke(key_id, actor=request.user)  # type: ignore[arg-type]
        return Response(status=204)
