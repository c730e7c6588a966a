"""The staff's page of apps."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.accounts.api.app_serializers import AppBody
from lyceum.accounts.models import User
from lyceum.accounts.oauth import apps
from lyceum.accounts.oauth.models import App
from lyceum.accounts.oauth.pages import meanings
from lyceum.core import pages
from lyceum.core.forms import Field, Form

MOST_SHOWN = 200
NAME = Field("name", gettext_lazy("Name of the app"), missing=gettext_lazy("Enter a name."))
REDIRECTS = Field(
    "redirect_uris",
    gettext_lazy("Addresses for answers"),
    "lines",
    hint=gettext_lazy("One a line: where the app takes people back to, to the letter. A device needs none."),
    missing=gettext_lazy("Enter at least one address."),
)
KIND = Field(
    "is_confidential",
    gettext_lazy("It can keep a secret"),
    "check",
    hint=gettext_lazy("An app on a server can; one that runs in a browser, on a phone or a desk cannot."),
)
DEVICES = Field(
    "may_use_devices",
    gettext_lazy("It runs where there is no browser"),
    "check",
    hint=gettext_lazy("It shows a short code, which people enter elsewhere."),
)


def _form() -> Form:
    choices = [(scope, meanings([scope])[0]) for scope in apps.all_scopes()]
    scopes = Field(
        "scopes",
        gettext_lazy("What it may ask people for"),
        "checks",
        missing=gettext_lazy("Choose at least one."),
        choices=choices,
    )
    # Another name after each app that was made: what was typed for one is not kept for the next.
    name = f"new-app-{App.objects.count()}"
    usual = {"scopes": list(apps.OPENID_SCOPES), "is_confidential": True}
    return Form(name, [NAME, REDIRECTS, scopes, KIND, DEVICES], _("Make the app"), reverse("oauth:apps"), usual)


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
