"""The staff's page of apps."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.accounts import fields
from lyceum.accounts.api.app_serializers import AppBody
from lyceum.accounts.models import User
from lyceum.accounts.oauth import apps
from lyceum.accounts.oauth.models import App
from lyceum.accounts.oauth.pages import meanings
from lyceum.core import pages
from lyceum.core.forms import Form

MOST_SHOWN = 200


def _form() -> Form:
    choices = [(scope, meanings([scope])[0]) for scope in apps.all_scopes()]
    scopes = fields.scopes_field(_("What it may ask people for"), choices)
    asked = [fields.APP_NAME, fields.APP_REDIRECTS, scopes, fields.APP_KIND, fields.APP_DEVICES]
    # Another name after each app that was made: what was typed for one is not kept for the next.
    name = f"new-app-{App.objects.count()}"
    usual = {"scopes": list(apps.OPENID_SCOPES), "is_confidential": True}
    return Form(name, asked, _("Make the app"), reverse("oauth:apps"), usual)


def _page(request: HttpRequest, form: Form, **made: Any) -> HttpResponse:
    found = App.objects.order_by("-created_at")[:MOST_SHOWN]
    shown = [{"app": app, "meanings": meanings(app.scopes)} for app in found]
    context = {"form": form, "apps": shown, "issuer": settings.PUBLIC_URL, **made}
    return pages.show(request, "accounts/apps.html", "accounts/_apps.html", context, status=form.status)


@pages.staff_only
@require_http_methods(["GET", "POST"])
def apps_page(request: HttpRequest) -> HttpResponse:
    form = _form()
    if request.method == "POST":
        with form.refusals():
            body = form.read(AppBody, request)
            app, secret = apps.create(**body, actor=cast(User, request.user))
            return _page(request, _form(), made=app, secret=secret)
    return _page(request, form)


@pages.staff_only
@require_POST
def remove(request: HttpRequest, app_id: UUID) -> HttpResponse:
    apps.remove(app_id, actor=cast(User, request.user))
    told = _("The app is removed. Nobody is let in through it from now on.")
    if pages.is_partial(request):
        return pages.tell(_page(request, _form()), told)
    return pages.go(request, reverse("oauth:apps"), told=told)
