"""The page of one's own data: the file of it, and the end of the account."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lyceum.accounts import erasure, exports, reauthentication
from lyceum.accounts.api.factor_serializers import ConfirmBody
from lyceum.accounts.api.privacy_views import ready_data
from lyceum.accounts.askers import address_of, person_of
from lyceum.accounts.confirm_views import page_for, proof_fields
from lyceum.accounts.models import PrivacyJob
from lyceum.accounts.sessions import current_session_id
from lyceum.core import pages
from lyceum.core.forms import Form, answer


def _export(request: HttpRequest) -> dict[str, Any]:
    user = person_of(request)
    found = exports.latest(user)
    is_over = found is not None and found.expires_at is not None and found.expires_at <= timezone.now()
    return {
        "export": None if is_over else found,
        "ready": ready_data(exports.ready(user)),
        "is_open": found is not None and found.state in PrivacyJob.OPEN,
        "export_days": settings.EXPORT_DAYS,
    }


@pages.signed_in
@require_GET
def own_data(request: HttpRequest) -> HttpResponse:
    return pages.show(request, "accounts/data.html", "accounts/_export.html", _export(request))


@pages.signed_in
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    exports.ask(person_of(request))
    if pages.is_partial(request):
        return pages.show(request, "accounts/data.html", "accounts/_export.html", _export(request))
    return redirect("accounts:data")


@pages.signed_in
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    asked, sign_in_id = proof_fields(user), current_session_id(request)
    if not asked and not reauthentication.is_confirmed(sign_in_id):
        return pages.go(request, page_for(reverse("accounts:erase")))
    form = Form("erase", asked, _("Delete my account"), username=user.email, is_main=False)
    if request.method == "POST":
        with form.refusals():
            body = form.read(ConfirmBody, request)
            reauthentication.reauthenticate(user, **body, address=address_of(request), sign_in_id=sign_in_id)
            erasure.close(user)
            logout(request)
            told = _("Your account is closed. Sign in within %d days to keep it.") % settings.ERASURE_DAYS
            return pages.go(request, reverse("accounts:sign-in"), told=told)
    return answer(request, "accounts/erase.html", form, {"erasure_days": settings.ERASURE_DAYS})
