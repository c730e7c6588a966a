"""The page on which people choose how they are told."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lyceum.accounts.public import device_name
from lyceum.core import pages
from lyceum.core.forms import Form, answer
from lyceum.notifications import devices, digests, fields, preferences
from lyceum.notifications.api import serializers as bodies

PAGE, DOOR = "notifications/settings.html", "accounts/door.html"


def _me(request: HttpRequest) -> UUID:
    return UUID(str(request.user.pk))


def _forms(request: HttpRequest) -> dict[str, Form]:
    found = preferences.of(_me(request))
    shown = {"show_text": found.show_text, "group_messages": found.group_messages}
    return {
        "shown": Form(
            "shown",
            [fields.SHOW_TEXT, fields.GROUP_MESSAGES],
            _("Save what is shown"),
            reverse("notifications:shown"),
            shown,
            is_main=False,
        ),
        "digest": Form(
            "digest",
            [fields.DIGEST],
            _("Save the mails"),
            reverse("notifications:digest"),
            {"digest": found.digest},
            is_main=False,
        ),
    }


def _devices(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "id": one.pk,
            "name": device_name(one.user_agent) or _("Unknown program"),
            "created_at": one.created_at,
            "last_sent_at": one.last_sent_at,
            "refused_with": one.refused_with,
        }
        for one in devices.devices_of(request.user)
    ]


def _page(request: HttpRequest, forms: dict[str, Form], changed: Form) -> HttpResponse:
    context = {
        "forms": forms,
        "devices": _devices(request),
        "digest_reaches": preferences.digest_reaches(request.user),
    }
    return answer(request, PAGE, changed, context)


@pages.signed_in
@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    forms = _forms(request)
    return _page(request, forms, forms["shown"])


@pages.signed_in
@require_POST
def shown(request: HttpRequest) -> HttpResponse:
    return _change(request, "shown")


@pages.signed_in
@require_POST
def digest(request: HttpRequest) -> HttpResponse:
    return _change(request, "digest")


def _change(request: HttpRequest, name: str) -> HttpResponse:
    """Keep what one of the forms asks for."""
    forms = _forms(request)
    form = forms[name]
    with form.refusals():
        preferences.change(_me(request), **form.read(bodies.PreferencesBody, request))
        told = _("Saved. It holds from now on.")
        if pages.is_partial(request):
            return pages.tell(_page(request, forms, form), told)
        return pages.go(request, reverse("notifications:settings"), told=told)
    return _page(request, forms, form)


@pages.signed_in
@require_GET
def device_list(request: HttpRequest) -> HttpResponse:
    return _device_list(request)


def _device_list(request: HttpRequest) -> HttpResponse:
    if not pages.is_partial(request):
        return pages.go(request, reverse("notifications:settings"))
    return pages.show(request, PAGE, "notifications/_devices.html", {"devices": _devices(request)})


@pages.signed_in
@require_POST
def remove_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    devices.remove(request.user, device_id)
    return _acted(request, _("Nothing more is shown there."))


@pages.signed_in
@require_POST
def try_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    devices.send_test(request.user, device_id)
    return _acted(request, _("A test is on its way. It arrives within a few seconds."))


def _acted(request: HttpRequest, told: str) -> HttpResponse:
    if pages.is_partial(request):
        return pages.tell(_device_list(request), told)
    return pages.go(request, reverse("notifications:settings"), told=told)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the digest by the link in it, without a sign-in; programs of mail send the POST themselves (RFC 8058)."""
    user_id = digests.read_token(token)
    if request.method == "POST":
        digests.stop(user_id)
        if pages.is_partial(request):
            return pages.go(request, request.path)
    links = [(reverse("notifications:settings"), _("Choose how you are told"))]
    if preferences.of(user_id).digest == "off":
        context = {
            "title": _("The mails are stopped"),
            "about": _("You can have them again at any time."),
            "links": links,
        }
        return render(request, "accounts/door.html", context)
    form = Form("unsubscribe", [], _("Stop the mails"))
    about = _("The mails about what you have not seen. Everything else stays as it is.")
    return answer(request, DOOR, form, {"title": _("Stop the mails?"), "about": about, "links": links})
