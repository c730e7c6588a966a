"""The page of what one's account is connected with."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from lyceum.accounts import reauthentication
from lyceum.accounts.models import ExternalIdentity, User
from lyceum.accounts.oauth.pages import connected
from lyceum.accounts.openid.services import has_another_way_in
from lyceum.accounts.openid.views import link_token
from lyceum.accounts.sessions import current_session_id
from lyceum.core import pages


@pages.signed_in
@require_GET
def connections(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    identities = list(ExternalIdentity.objects.filter(user=user).order_by("created_at"))
    may_link = settings.OIDC_ISSUER and not any(one.issuer.rstrip("/") == settings.OIDC_ISSUER for one in identities)
    context = {
        "identities": identities,
        "openid_name": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "is_confirmed": reauthentication.is_confirmed(current_session_id(request)),
        "link": f"{reverse('accounts:openid')}?link={link_token(request)}" if may_link else "",
        "apps": connected(user),
        "has_another_way_in": has_another_way_in(user),
    }
    return render(request, "accounts/connections.html", context)
