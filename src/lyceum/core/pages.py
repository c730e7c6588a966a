"""Pages: one view answers the whole page or, for htmx, the part that changes; refusals become a form, toast or page."""

import math
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event
from redis.exceptions import ConnectionError as ValkeyConnectionError

from lyceum.core.errors import DomainError, NotAllowed, NotAuthenticated, NotFound, Unavailable
from lyceum.core.problems import TITLES, for_exception, problem

View = Callable[..., HttpResponse]
OUTAGES = (OperationalError, ValkeyConnectionError)


def is_partial(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part; going back in its history asks for a whole page."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def show(request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render the page, or only its part for htmx. The page includes the part, so that both show the same."""
    response = render(request, part if is_partial(request) else page, context, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def go(request: HttpRequest, url: str, *, told: str = "") -> HttpResponse:
    """Send the browser on after an act, with a toast there that confirms it."""
    if told:
        messages.success(request, told)
    return HttpResponseClientRedirect(url) if is_partial(request) else HttpResponseRedirect(url, status=303)


def tell(response: HttpResponse, text: str) -> HttpResponse:
    """Let the page that htmx is on confirm an act with a toast."""
    return trigger_client_event(response, "lyceum:toast", {"text": str(text)})


def next_address(request: HttpRequest, otherwise: str) -> str:
    """Return where the person wanted to go, if that is a page of ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else otherwise


def with_next(address: str, goal: str) -> str:
    """Return an address of ours from which the person goes on to the goal."""
    return f"{address}?{urlencode({'next': goal}, safe='/')}"


def signed_in(view: View) -> View:
    """Let nobody in without an account; they come back after signing in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return _to_sign_in(request)

    return guarded


def public_read(view: View) -> View:
    """Let everybody in while PUBLIC_READ is on, else those with an account."""
    guarded = signed_in(view)

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return (view if settings.PUBLIC_READ else guarded)(request, *args, **kwargs)

    return opened


def staff_only(view: View) -> View:
    """Let in those alone who run the workspace."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise NotAllowed(_("This page is for staff."))
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if not is_partial(request):
        return redirect_to_login(request.get_full_path())
    here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(redirect_to_login(here).url)


def wait_words(seconds: float) -> str:
    """Say how long to wait, in whole seconds or minutes."""
    whole = max(1, math.ceil(seconds))
    if whole <= 90:
        return ngettext("Try again in %d second.", "Try again in %d seconds.", whole) % whole
    minutes = math.ceil(whole / 60)
    return ngettext("Try again in %d minute.", "Try again in %d minutes.", minutes) % minutes


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/health/")) or "text/html" not in request.headers.get("Accept", "")


def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer a refusal: a problem for programs, a toast with the same status for htmx, a page for people."""
    if wants_json(request):
        response = for_exception(request, error)
        assert response is not None
        return response
    if isinstance(error, NotAuthenticated):
        return _to_sign_in(request)
    advice = error.detail if error.detail != error.title else ""
    if error.retry_after:
        advice = wait_words(error.retry_after)
    response = _toast_or_page(request, error.status, str(error.title), str(advice))
    if error.retry_after:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


def _toast_or_page(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    if is_partial(request):
        toast = render(request, "lyceum/_toast.html", {"text": f"{title} {advice}".strip()}, status=status)
        return reswap(retarget(toast, "#toasts"), "beforeend")
    context = {
        "status": status,
        "title": title,
        "advice": advice,
        "request_id": getattr(request, "request_id", ""),
        # What failed may be what the bar would ask.
        "bare": status >= 500,
    }
    return render(request, "lyceum/error.html", context, status=status)


class PageErrors:
    """Turns what views raise into answers, as the door of the API does for its own."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or wants_json(request):
            return response
        page = _toast_or_page(
            request, 405, _("This address is not a page."), _("Go back, and use the button or the form there.")
        )
        page.headers["Allow"] = response.headers["Allow"]
        return page

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, DomainError):
            return refuse(request, exc)
        if isinstance(exc, (Http404, PermissionDenied)):
            return refuse(request, NotFound() if isinstance(exc, Http404) else NotAllowed())
        return refuse(request, Unavailable(retry_after=2)) if isinstance(exc, OUTAGES) else None


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotFound(_("The address may be wrong, or what was here is gone or not yours.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, NotAllowed())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_json(request):
        return problem(request, "invalid", 400)
    return _toast_or_page(request, 400, _("This request cannot be read."), _("Go back and try once more."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault; one of a server behind us, which middleware may meet before any view, is 503."""
    fault = sys.exc_info()[1]
    if isinstance(fault, OUTAGES):
        return refuse(request, Unavailable(retry_after=2))
    if wants_json(request):
        return problem(request, "internal", 500)
    advice = _("What you had saved is safe. The operators can find this fault by its number.")
    return _toast_or_page(request, 500, TITLES["internal"], advice)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if wants_json(request):
        return problem(request, "csrf_failed", 403)
    title = _("This page was open too long, or in another sign-in.")
    return _toast_or_page(request, 403, title, _("Load it again and repeat what you did."))


__all__ = ["PageErrors", "go", "is_partial", "refuse", "show", "signed_in", "staff_only", "tell", "wait_words"]
