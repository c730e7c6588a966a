"""A person's accounts with the OpenID provider. They are linked on the page, which leads to the provider."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts.api import serializers as forms
from lyceum.accounts.models import ExternalIdentity
from lyceum.accounts.openid import services
from lyceum.core import paging
from lyceum.core.api import Door


class IdentityList(Door):
    @extend_schema(
        parameters=paging.PARAMETERS,
        responses=forms.IdentityPage,
    )
    def get(self, request: Request) -> Response:
        """List the provider's accounts by which one signs in."""
        rows = ExternalIdentity.objects.filter(user=request.user.pk)
        found, links = paging.page(request, rows, "created_at")
        names = ("id", "issuer", "email", "created_at", "last_used_at")
        return Response({"results": [{name: getattr(row, name) for name in names} for row in found], **links})


class IdentityDetail(Door):
    refusals = {"DELETE": (409,)}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, identity_id: UUID) -> Response:
        """Cut the link to a provider's account; not while there is no password."""
        services.unlink(request.user, identity_id)  # type: ignore[arg-type]
        return Response(status=204)
