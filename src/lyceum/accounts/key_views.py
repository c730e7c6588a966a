"""The staff's page of service keys."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.accounts import fields, keys, selectors
from lyceum.accounts.bodies import KeyBody
from lyceum.accounts.models import User
from lyceum.core import pages
from lyceum.core.forms import Form
from lyceum.core.scopes import declared

MOST_SHOWN = 200


def _form() -> Form:
    # Another name after each key that was made: what was typed for one is not kept for the next.
    name = f"new-key-{selectors.all_keys().count()}"
    scopes = fields.scopes_field(_("What it may do"), declared().items())
    asked = [fields.KEY_NAME, scopes, fields.LIMITS, fields.KEY_DAYS]
    return Form(name, asked, _("Make the key"), reverse("accounts:service-keys"), {"scopes": [], "days": "90"})


def _page(request: HttpRequest, form: Form, **made: Any) -> HttpResponse:
    found = [selectors.key_view(key) for key in selectors.all_keys().order_by("-created_at")[:MOST_SHOWN]]
    living = [key for key in found if key.state == "alive"]
    context = {"form": form, "living": living, "ended": [key for key in found if key not in living], **made}
    page = pages.show(request, "accounts/service_keys.html", "accounts/_service_keys.html", context, status=form.status)
    page.headers["Cache-Control"] = "no-store"
    return page


@pages.staff_only
@require_http_methods(["GET", "POST"])
def service_keys(request: HttpRequest) -> HttpResponse:
    form = _form()
    if request.method == "POST":
        with form.refusals():
            days = request.POST.get("days", "")
            body = form.read(KeyBody, request, expires_at=_after(days))
            key, secret = keys.create(**body, actor=cast(User, request.user))
            return _page(request, _form(), secret=secret, made=selectors.key_view(key))
    return _page(request, form)


def _after(days: str) -> str | None:
    known = {value for value, _words in fields.KEY_DAYS.choices if value}
    return (timezone.now() + timedelta(days=int(days))).isoformat() if days in known else None


@pages.staff_only
@require_POST
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    keys.revoke(key_id, actor=cast(User, request.user))
    told = _("The key is revoked. Who comes with it is refused from now on.")
    if pages.is_partial(request):
        return pages.tell(_page(request, _form()), told)
    return pages.go(request, reverse("accounts:service-keys"), told=told)
