"""The page of what protects one's account: the second factor, recovery codes and passkeys."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from lyceum.accounts import confirm_views, factors, fields, passkeys, reauthentication
from lyceum.accounts.api import serializers as bodies
from lyceum.accounts.api.factor_serializers import ConfirmBody, PasskeyNameBody
from lyceum.accounts.askers import address_of, person_of
from lyceum.accounts.sessions import current_session_id, note_second_factor
from lyceum.core import pages
from lyceum.core.forms import Form, answer

View = Callable[..., HttpResponse]


def _home(request: HttpRequest, told: str) -> HttpResponse:
    return pages.go(request, reverse("accounts:security"), told=told)


def confirmed(view: View) -> View:
    """Let in who has shown within ten minutes who they are; others do so on the security page first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if reauthentication.is_confirmed(current_session_id(request)):
            return view(request, *args, **kwargs)
        return _home(request, _("Confirm first that it is you."))

    return pages.signed_in(guarded)


def _keys(request: HttpRequest) -> dict[str, Any]:
    """Return what the part about passkeys shows."""
    host = request.get_host()
    is_loopback = host.startswith(("127.", "[::1]"))
    # A laptop's workspace is opened by its address, and has a name all the same.
    by_name = f"{request.scheme}://localhost:{request.get_port()}{reverse('accounts:security')}"
    return {
        "passkeys": person_of(request).passkeys.order_by("created_at", "pk"),
        "is_confirmed": reauthentication.is_confirmed(current_session_id(request)),
        "host": host.partition(":")[0],
        "has_name": passkeys.has_name(host),
        "by_name": by_name if is_loopback and "localhost" in settings.ALLOWED_HOSTS else "",
    }


@pages.signed_in
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    goal = reverse("accounts:security")
    context = {
        **_keys(request),
        **confirm_views.ways(request, goal),
        "form": confirm_views.form_for(request, goal),
        "state": factors.state_of(person_of(request)),
    }
    return render(request, "accounts/security.html", context)


@confirmed
@require_http_methods(["GET", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Set the second factor up: the secret for the app, and the app's first code."""
    user, sign_in_id = person_of(request), current_session_id(request)
    if factors.is_on(user):
        return pages.go(request, reverse("accounts:security"))
    form = Form("app", [fields.APP_CODE], _("Turn it on"), reverse("accounts:app"))
    if request.method == "POST":
        with form.refusals():
            codes = factors.confirm(user, sign_in_id, form.read(bodies.OtpBody, request)["otp"])
            note_second_factor(request)
            return _codes_page(request, codes, _("The second factor is on"))
    return answer(request, "accounts/app.html", form, {"setup": factors.begin(user, sign_in_id)})


def _codes_page(request: HttpRequest, codes: list[str], title: str) -> HttpResponse:
    context = {"codes": "\n".join(codes), "title": title}
    response = pages.show(request, "accounts/recovery_codes.html", "accounts/_recovery_codes.html", context)
    # A form asked for itself; what comes is the page.
    return reswap(retarget(response, "#main"), "outerHTML") if pages.is_partial(request) else response


@confirmed
@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    return _codes_page(request, factors.renew_recovery_codes(person_of(request)), _("New recovery codes"))


@pages.signed_in
@require_http_methods(["GET", "POST"])
def app_off(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    if not factors.is_on(user):
        return pages.go(request, reverse("accounts:security"))
    form = Form("app-off", confirm_views.proof_fields(user), _("Turn it off"), username=user.email)
    if request.method == "POST":
        with form.refusals():
            reauthentication.reauthenticate(user, **form.read(ConfirmBody, request), address=address_of(request))
            factors.turn_off(user)
            return _home(request, _("The second factor is off."))
    return answer(request, "accounts/app_off.html", form, {})


@pages.signed_in
@require_GET
def passkey_list(request: HttpRequest) -> HttpResponse:
    return _passkeys(request)


def _passkeys(request: HttpRequest, told: str = "") -> HttpResponse:
    """Show the passkeys after an act: the part for htmx, else the page of which it is one."""
    if not pages.is_partial(request):
        return _home(request, told)
    response = render(request, "accounts/_passkeys.html", _keys(request))
    return pages.tell(response, told) if told else response


@confirmed
@require_POST
def passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    row = passkeys.get_for(person_of(request), passkey_id)
    form = Form("passkey", [fields.PASSKEY_NAME], "")
    with form.refusals():
        passkeys.rename(person_of(request), row.pk, form.read(PasskeyNameBody, request)["name"])
        return _passkeys(request, _("The name is saved."))
    return _passkeys(request, str(form.summary[0][1]))


@confirmed
@require_POST
def remove_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    passkeys.remove(person_of(request), passkey_id)
    return _passkeys(request, _("The passkey is removed."))
