"""Pages of one who is signed in: the profile, the sign-ins, and the people of the workspace."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lyceum.accounts import fields, selectors, services
from lyceum.accounts.api import serializers as bodies
from lyceum.accounts.askers import address_of, person_of
from lyceum.accounts.confirm_views import page_for
from lyceum.accounts.models import User
from lyceum.accounts.reauthentication import is_confirmed
from lyceum.accounts.sessions import current_session_id, keep_session
from lyceum.core import pages
from lyceum.core.conditions import unbound
from lyceum.core.forms import Form, answer

PROFILE_VALUES = ("first_name", "last_name", "locale", "timezone")
SHARED_VALUES = ("show_presence", "show_typing")
PEOPLE_ON_A_PAGE = 50


def _forms(user: User) -> dict[str, Form]:
    """Make the four forms of the profile as they stand before anything is sent."""
    about = [fields.FIRST_NAME, fields.LAST_NAME, fields.locale_field(), fields.zone_field()]
    return {
        "about": Form(
            "about",
            about,
            _("Save"),
            reverse("accounts:profile"),
            {name: getattr(user, name) for name in PROFILE_VALUES},
        ),
        "shared": Form(
            "shared",
            [fields.SHOW_PRESENCE, fields.SHOW_TYPING],
            _("Save what others see"),
            reverse("accounts:shared"),
            {name: getattr(user, name) for name in SHARED_VALUES},
            is_main=False,
        ),
        "email": Form(
            "email",
            [fields.NEW_EMAIL, *[fields.PASSWORD] * user.has_usable_password()],
            _("Send the link"),
            reverse("accounts:email"),
            is_main=False,
        ),
        "password": Form(
            "password",
            [fields.CURRENT, fields.NEW_PASSWORD, fields.CONFIRM],
            _("Change the password"),
            reverse("accounts:password"),
            is_main=False,
            username=user.email,
        ),
    }


def _profile_page(request: HttpRequest, forms: dict[str, Form], changed: Form) -> HttpResponse:
    has_password = person_of(request).has_usable_password()
    context = {
        "forms": forms,
        "has_password": has_password,
        "may_move": has_password or is_confirmed(current_session_id(request)),
        "confirm": page_for(f"{reverse('accounts:profile')}#address"),
    }
    return answer(request, "accounts/profile.html", changed, context)


def _saved(request: HttpRequest, forms: dict[str, Form], changed: Form, told: str) -> HttpResponse:
    """Confirm: with htmx the form stays as it is and a toast says so, else the page is loaded again."""
    if pages.is_partial(request):
        return pages.tell(_profile_page(request, forms, changed), told)
    return pages.go(request, reverse("accounts:profile"), told=told)


@pages.signed_in
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    forms = _forms(person_of(request))
    form = forms["about"]
    if request.method == "POST":
        with form.refusals():
            _update(request, form.read(bodies.ProfileBody, request))
            # The language and the zone of the whole page may be other ones now.
            return pages.go(request, reverse("accounts:profile"), told=_("Your profile is saved."))
    return _profile_page(request, forms, form)


def _update(request: HttpRequest, changes: dict[str, Any]) -> None:
    services.update_profile(person_of(request), check=unbound, **changes)


@pages.signed_in
@require_POST
def shared(request: HttpRequest) -> HttpResponse:
    forms = _forms(person_of(request))
    form = forms["shared"]
    with form.refusals():
        _update(request, form.read(bodies.ProfileBody, request))
        return _saved(request, forms, form, _("Saved. It holds from now on."))
    return _profile_page(request, forms, form)


@pages.signed_in
@require_POST
def email(request: HttpRequest) -> HttpResponse:
    forms = _forms(person_of(request))
    form = forms["email"]
    with form.refusals():
        body = form.read(bodies.ChangeEmailBody, request)
        sign_in_id = current_session_id(request)
        services.change_email(person_of(request), **body, address=address_of(request), sign_in_id=sign_in_id)
        told = _("A link is on its way to %s. Until you open it, your address stays as it is.") % body["email"]
        return pages.go(request, reverse("accounts:profile"), told=told)
    return _profile_page(request, forms, form)


@pages.signed_in
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    forms = _forms(user)
    form = forms["password"]
    with form.refusals():
        body = form.read(bodies.PasswordBody, request)
        services.change_password(user, **body, keep=current_session_id(request), address=address_of(request))
        keep_session(request, user)
        told = _("Your password is changed. Every other browser and program is signed out.")
        return pages.go(request, reverse("accounts:profile"), told=told)
    return _profile_page(request, forms, form)


def _sign_ins(request: HttpRequest) -> dict[str, Any]:
    found = selectors.sign_ins_of(person_of(request), current_session_id(request))
    return {"sign_ins": found, "openid_name": settings.OIDC_NAME}


def _sign_ins_page(request: HttpRequest) -> HttpResponse:
    return pages.show(request, "accounts/sessions.html", "accounts/_sign_ins.html", _sign_ins(request))


@pages.signed_in
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    return _sign_ins_page(request)


@pages.signed_in
@require_POST
def end_session(request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
    services.end_sign_in(person_of(request), sign_in_id)
    return _ended(request, _("Signed out there."))


@pages.signed_in
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    services.end_sign_ins(person_of(request), keep=current_session_id(request))
    return _ended(request, _("Signed out everywhere else."))


def _ended(request: HttpRequest, told: str) -> HttpResponse:
    if pages.is_partial(request):
        return pages.tell(_sign_ins_page(request), told)
    return pages.go(request, reverse("accounts:sessions"), told=told)


@pages.signed_in
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()[:200]
    number = request.GET.get("page", "1")
    page = selectors.directory_page(
        person_of(request), q, page=int(number) if number.isdecimal() and len(number) < 8 else 1, size=PEOPLE_ON_A_PAGE
    )
    return pages.show(request, "accounts/people.html", "accounts/_people.html", {"q": q, "page": page})
