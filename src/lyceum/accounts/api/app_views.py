"""Apps: for staff those that there are, for everybody those that act for them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts.api import app_serializers as forms
from lyceum.accounts.oauth import apps, grants
from lyceum.accounts.oauth.models import App, AppGrant
from lyceum.core import paging
from lyceum.core.api import Door, read
from lyceum.core.idempotency import ShownOnce
from lyceum.core.permissions import IsStaff


def app_data(app: App) -> dict[str, Any]:
    names = (
        "id",
        "client_id",
        "name",
        "redirect_uris",
        "scopes",
        "is_confidential",
        "may_use_devices",
        "origin",
        "created_at",
    )
    return {name: getattr(app, name) for name in names}


def grant_data(grant: AppGrant) -> dict[str, Any]:
    names = ("id", "scopes", "created_at", "last_used_at")
    return {**{name: getattr(grant, name) for name in names}, "client_id": grant.app.client_id, "name": grant.app.name}


class AppList(Door):
    permission_classes = (IsStaff,)
    creates = True

    @extend_schema(parameters=paging.PARAMETERS, responses=forms.AppPage)
    def get(self, request: Request) -> Response:
        """List the apps that people may let act for them, the newest first."""
        found, links = paging.page(request, App.objects.all(), "created_at")
        return Response({"results": [app_data(app) for app in found], **links})

    @extend_schema(request=forms.AppBody, responses={201: forms.MadeAppView})
    def post(self, request: Request) -> Response:
        """Make an app. The answer is the only place where its secret is shown."""
        app, secret = apps.create(**read(forms.AppBody, request), actor=request.user)  # type: ignore[arg-type]
        made = {**app_data(app), "secret": secret}
        return ShownOnce(made, status=201)


class AppDetail(Door):
    permission_classes = (IsStaff,)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, app_id: UUID) -> Response:
        """Remove an app; what people let it do ends at once."""
        apps.remove(app_id, actor=request.user)  # type: ignore[arg-type]
        return Response(status=204)


class GrantList(Door):
    @extend_schema(parameters=paging.PARAMETERS, responses=forms.GrantPage)
    def get(self, request: Request) -> Response:
        """List the apps that act for one, the newest first."""
        rows = grants.grants_of(request.user)  # type: ignore[arg-type]
        found, links = paging.page(request, rows, "created_at")
        return Response({"results": [grant_data(grant) for grant in found], **links})


class GrantDetail(Door):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, grant_id: UUID) -> Response:
        """Refuse an app from now on; its tokens and sockets end at once."""
        grants.take_back(request.user, grant_id)  # type: ignore[arg-type]
        return Response(status=204)
