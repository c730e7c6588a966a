"""Pages of accounts: each is a form over one door of the API."""

from dataclasses import dataclass
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import ensure_csrf_cookie

from lyceum.accounts import selectors
from lyceum.accounts.models import Session, User


@dataclass(frozen=True)
class Field:
    """One control of a form: the API's name of it, its label, and how a browser treats it."""

    name: str
    label: object
    type: str = "text"
    autocomplete: str = "off"
    value: str = ""
    hint: object = ""


FIRST_NAME = Field("first_name", _("First name"), autocomplete="given-name")
LAST_NAME = Field("last_name", _("Last name"), autocomplete="family-name")
EMAIL = Field("email", _("E-mail"), "email", "username")
PASSWORD = Field("password", _("Password"), "password", "current-password")
NEW_PASSWORD = Field(
    "password", _("New password"), "password", "new-password", hint=_("8 characters or more, not a common one")
)
CONFIRM = Field("password_confirm", _("The same password again"), "password", "new-password")


def _form(
    request: HttpRequest, *, title: object, door: str, fields: list[Field], verb: object, done: str, **more: object
) -> HttpResponse:
    context = {"title": title, "door": door, "fields": fields, "verb": verb, "done": done, **more}
    return render(request, "accounts/form.html", context)


def _next(request: HttpRequest) -> str:
    asked = request.GET.get("next", "")
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else "/talk/"


@ensure_csrf_cookie
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next(request))
    return _form(
        request,
        title=_("Sign in"),
        door="users/login/",
        fields=[EMAIL, PASSWORD],
        verb=_("Sign in"),
        done=_next(request),
        links=[("/sign-up/", _("Create an account")), ("/reset/", _("Reset your password"))],
    )


@ensure_csrf_cookie
def sign_up(request: HttpRequest) -> HttpResponse:
    return _form(
        request,
        title=_("Create an account"),
        door="users/register/",
        fields=[FIRST_NAME, LAST_NAME, EMAIL, NEW_PASSWORD, CONFIRM],
        verb=_("Create the account"),
        done="/talk/",
        then_sign_in=True,
        links=[("/sign-in/", _("I have an account"))],
    )


@ensure_csrf_cookie
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    return _form(
        request,
        title=_("Set this workspace up"),
        door="users/setup/",
        fields=[FIRST_NAME, LAST_NAME, EMAIL, NEW_PASSWORD, CONFIRM],
        verb=_("Make the staff account"),
        done="/talk/",
        then_sign_in=True,
        token=token,
    )


@ensure_csrf_cookie
def ask_for_reset(request: HttpRequest) -> HttpResponse:
    return _form(
        request,
        title=_("Reset your password"),
        door="users/password/reset/",
        fields=[EMAIL],
        verb=_("Send a link"),
        done="",
        done_text=_("If there is an account with this address, a link is on its way. It works for an hour."),
        links=[("/sign-in/", _("Sign in"))],
    )


@ensure_csrf_cookie
def reset(request: HttpRequest, token: str) -> HttpResponse:
    return _form(
        request,
        title=_("Choose a new password"),
        door="users/password/reset/confirm/",
        fields=[NEW_PASSWORD, CONFIRM],
        verb=_("Set the password"),
        done="/sign-in/",
        token=token,
    )


@ensure_csrf_cookie
def verify(request: HttpRequest, token: str) -> HttpResponse:
    return _form(
        request,
        title=_("Confirm your address"),
        door="users/email/verify/",
        fields=[],
        verb=_("Confirm the address"),
        done="/talk/",
        token=token,
    )


@login_required
@ensure_csrf_cookie
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    fields = [
        Field("first_name", _("First name"), autocomplete="given-name", value=user.first_name),
        Field("last_name", _("Last name"), autocomplete="family-name", value=user.last_name),
        Field("timezone", _("Time zone"), value=user.timezone, hint=_("Such as Australia/Perth")),
    ]
    current = Field("current_password", _("Current password"), "password", "current-password")
    return render(
        request, "accounts/profile.html", {"fields": fields, "password_fields": [current, NEW_PASSWORD, CONFIRM]}
    )


@login_required
@ensure_csrf_cookie
def sessions(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    current = Session.objects.values_list("public_id", flat=True).get(session_key=request.session.session_key)
    return render(request, "accounts/sessions.html", {"sign_ins": selectors.sign_ins_of(user, current)})
