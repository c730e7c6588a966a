"""The page on which a person shows again who they are, by whatever they have for that, on the way to what asks it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lyceum.accounts import factors, fields, passkeys, reauthentication
from lyceum.accounts.api.factor_serializers import ConfirmBody
from lyceum.accounts.askers import address_of, person_of
from lyceum.accounts.models import User
from lyceum.accounts.openid.services import identity_of
from lyceum.accounts.sessions import current_session_id
from lyceum.core import pages
from lyceum.core.forms import Field, Form, answer


def proof_fields(user: User) -> list[Field]:
    """Return what a form asks of a person who shows again who they are."""
    return [fields.PASSWORD] * user.has_usable_password() + [fields.OTP] * factors.is_on(user)


def page_for(goal: str) -> str:
    """Return the address of the page from which who confirms goes on to the goal."""
    return pages.with_next(reverse("accounts:confirm"), goal)


def form_for(request: HttpRequest, goal: str) -> Form | None:
    """Return the form for what the person can type; none for who has neither a password nor a second factor."""
    user = person_of(request)
    asked = proof_fields(user)
    if not asked:
        return None
    return Form("confirm", asked, _("Confirm"), reverse("accounts:confirm"), next=goal, username=user.email)


def ways(request: HttpRequest, goal: str) -> dict[str, Any]:
    """Return what else than a form this person has to confirm with."""
    user = person_of(request)
    host = request.get_host()
    is_linked = not proof_fields(user) and settings.OIDC_ISSUER and identity_of(user) is not None
    return {
        "goal": goal,
        "by_passkey": passkeys.has_name(host) and user.passkeys.filter(rp_id=host.partition(":")[0]).exists(),
        "by_openid": f"{pages.with_next(reverse('accounts:openid'), goal)}&again=1" if is_linked else "",
        "openid_name": settings.OIDC_NAME,
    }


@pages.signed_in
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    home = reverse("accounts:security")
    goal = pages.next_address(request, home)
    form = form_for(request, goal)
    if form is None:
        return pages.show(request, "accounts/confirm.html", "accounts/_confirm.html", ways(request, goal))
    if request.method == "POST":
        with form.refusals():
            body, sign_in_id = form.read(ConfirmBody, request), current_session_id(request)
            reauthentication.confirm(person_of(request), sign_in_id, **body, address=address_of(request))
            told = _("Confirmed. For ten minutes you can change what is here.") if goal == home else ""
            return pages.go(request, goal, told=told)
    return answer(request, "accounts/confirm.html", form, ways(request, goal))
