"""Pages on which a person lets an app act for them, takes that back, or enters the code of a device."""

from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.accounts.confirm_views import page_for
from lyceum.accounts.models import Session, User
from lyceum.accounts.oauth import devices, grants, requests
from lyceum.accounts.oauth.errors import BadRequest, OAuthError
from lyceum.accounts.oauth.models import App, DeviceCode
from lyceum.accounts.oauth.requests import Ask
from lyceum.accounts.reauthentication import last_shown
from lyceum.core import pages
from lyceum.core.quotas import count
from lyceum.core.scopes import asked

# A browser that has just sent a form may not be led to another site; a page in between has it go by itself.
JUST_HERE_SECONDS = 60


class _Away(HttpResponseRedirect):
    """Leads to an app, whose scheme may be one of its own."""

    allowed_schemes = ["http", "https"]

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]
        super().__init__(url, status=303)


def meanings(scopes: list[str]) -> list[object]:
    """Return what the scopes mean, to finish "It may …"."""
    known = {
        "openid": _("know that it is you"),
        "profile": _("know your name, language and time zone"),
        "email": _("know your e-mail address"),
        **asked(),
    }
    return [known[scope] for scope in scopes if scope in known]


def _session(request: HttpRequest) -> Session:
    return Session.objects.get(session_key=request.session.session_key)


@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and "request" in request.POST:
        return _decided(request)
    try:
        app, redirect_uri = requests.find_app(request)
    except BadRequest as err:
        return _bad(request, err)
    try:
        return _asked(request, app, requests.read(request.GET, app, redirect_uri))
    except OAuthError as err:
        told = {"error": err.error, **({"error_description": err.description} if err.description else {})}
        return _Away(requests.answer_to(redirect_uri, request.GET.get("state", ""), **told))


def _bad(request: HttpRequest, err: BadRequest) -> HttpResponse:
    context = {"title": err.title, "about": err.detail, "links": [("/", _("To the workspace"))]}
    return render(request, "accounts/door.html", context, status=err.status)


def _asked(request: HttpRequest, app: App, ask: Ask) -> HttpResponse:
    is_silent = "none" in ask.prompt
    if not request.user.is_authenticated:
        if is_silent:
            raise OAuthError("login_required")
        return redirect_to_login(requests.address_after_asking(request.GET))
    session, user = _session(request), request.user
    shown_at = last_shown(session)
    if not requests.is_fresh(request.GET, ask, shown_at):
        if is_silent:
            raise OAuthError("login_required", "The person has to show anew who they are.")
        return pages.go(request, page_for(requests.address_after_asking(request.GET)))
    is_known = app.is_confidential and "consent" not in ask.prompt and grants.has_granted(user, ask)
    was_just_here = (timezone.now() - shown_at).total_seconds() < JUST_HERE_SECONDS
    if is_known and (is_silent or not was_just_here):
        return _Away(ask.answer(code=grants.give(user, ask, signed_in_at=shown_at)))
    if is_silent:
        raise OAuthError("consent_required")
    return _consent(request, app, ask, session)


def _consent(request: HttpRequest, app: App, ask: Ask, session: Session) -> HttpResponse:
    parts = urlsplit(ask.redirect_uri)
    goal = parts.netloc if parts.scheme == "https" else ""
    context = {
        "app": app,
        "meanings": meanings(ask.scopes),
        "host": goal or (_("a program on this computer") if parts.scheme == "http" else _("a program on this device")),
        "action": reverse("oauth:authorize"),
        "sealed": requests.seal(ask, str(session.public_id)),
    }
    response = render(request, "accounts/consent.html", context)
    # The form of this page, and of no other, may lead to the app.
    origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
    response.form_targets = origin  # type: ignore[attr-defined]
    return response


@pages.signed_in
def _decided(request: HttpRequest) -> HttpResponse:
    session = _session(request)
    try:
        ask = requests.unseal(request.POST["request"], str(session.public_id))
    except BadRequest as err:
        return _bad(request, err)
    if request.POST.get("decision") != "allow":
        return _Away(ask.answer(error="access_denied"))
    return _Away(ask.answer(code=grants.give(cast(User, request.user), ask, signed_in_at=last_shown(session))))


@pages.signed_in
@require_http_methods(["GET", "POST"])
def device(request: HttpRequest) -> HttpResponse:
    """Ask for the code that a device shows, then whether it may come in."""
    typed = (request.POST if request.method == "POST" else request.GET).get("code", "").strip()[:40]
    if typed:
        # Who tries codes has no more tries than at the doors of the API.
        count(request, ("api",))
    waiting = devices.find_waiting(typed) if typed else None
    if waiting is None:
        return render(
            request, "accounts/device.html", {"code": typed, "is_wrong": bool(typed)}, status=400 if typed else 200
        )
    if request.method == "POST" and "decision" in request.POST:
        return _device_decided(request, waiting)
    context = {
        "app": waiting.app,
        "meanings": meanings(waiting.scopes),
        "action": reverse("oauth:enter-code"),
        "code": devices.shown(waiting.user_code),
    }
    return render(request, "accounts/consent.html", context)


def _device_decided(request: HttpRequest, waiting: DeviceCode) -> HttpResponse:
    is_allowed = request.POST["decision"] == "allow"
    signed_in_at = last_shown(_session(request))
    if not devices.decide(cast(User, request.user), waiting, is_allowed=is_allowed, signed_in_at=signed_in_at):
        return pages.go(request, reverse("oauth:enter-code"), told=_("This code was used meanwhile."))
    told = _("%s is let in. You can go back to it.") if is_allowed else _("%s is not let in.")
    return pages.go(request, reverse("accounts:connections"), told=told % waiting.app.name)


@pages.signed_in
@require_POST
def take_back(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    grants.take_back(cast(User, request.user), grant_id)
    return pages.go(request, reverse("accounts:connections"), told=_("The app is refused from now on."))


def connected(user: User) -> list[dict[str, Any]]:
    """Return the apps that a person lets act for them, the newest first, as the page shows them."""
    found = grants.grants_of(user).order_by("-created_at")
    return [{"grant": grant, "app": grant.app, "meanings": meanings(grant.scopes)} for grant in found]
