"""Pages of a sign-in with the provider: away to it, back from it, and the link to one's account."""

import secrets
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lyceum.accounts import factors, reauthentication, second_step
from lyceum.accounts.models import User
from lyceum.accounts.openid import attempts, provider, services
from lyceum.accounts.openid.errors import Declined, Distrusted, LinkFirst
from lyceum.accounts.services import admit
from lyceum.accounts.sessions import current_session_id, open_session
from lyceum.core import pages
from lyceum.core.errors import DomainError, NotAllowed, NotFound

HOME = "/talk/"
COOKIE = "openid"
# In sessions and the record of acts: what the person came with.
WAY = "openid"
LINK_SECONDS = 3600


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="lyceum.openid.link")


def link_token(request: HttpRequest) -> str:
    """Return what says that a page of ours, in this very sign-in, asked for the link."""
    return _signer().sign(str(current_session_id(request)))


def _is_own(request: HttpRequest, token: str) -> bool:
    try:
        return _signer().unsign(token, max_age=LINK_SECONDS) == str(current_session_id(request))
    except BadSignature:
        return False


def callback_address() -> str:
    return f"{settings.PUBLIC_URL}{reverse('accounts:openid-back')}"


def offer(goal: str) -> dict[str, str] | None:
    """Return the name of the provider and where a sign-in with it begins; nothing where none is set."""
    if not settings.OIDC_ISSUER:
        return None
    way = reverse("accounts:openid")
    return {"name": settings.OIDC_NAME, "address": way if goal == HOME else pages.with_next(way, goal)}


@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider; with a token of the account's page, to link instead of to sign in."""
    if not settings.OIDC_ISSUER:
        raise NotFound
    user_id, goal = "", pages.next_address(request, HOME)
    # Who has a second factor confirms with a code of it.
    is_again = request.user.is_authenticated and "again" in request.GET and not factors.is_on(request.user)
    if token := request.GET.get("link"):
        if not request.user.is_authenticated or not _is_own(request, token):
            raise NotAllowed(_("Begin on the page Connections."))
        # A link is a way in that outlasts the sign-in which asks for it.
        reauthentication.check_confirmed(current_session_id(request))
        user_id, goal = str(request.user.pk), reverse("accounts:connections")
    browser = secrets.token_urlsafe(32)
    try:
        state, attempt = attempts.begin(browser=browser, goal=goal, user_id=user_id, is_again=is_again)
        away = provider.authorization_url(
            state=state,
            nonce=attempt.nonce,
            challenge=attempt.challenge,
            redirect_uri=callback_address(),
            is_again=is_again,
        )
    except DomainError as err:
        return _refused(request, err)
    response = HttpResponseRedirect(away)
    secure = settings.SESSION_COOKIE_SECURE
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": secure, "path": _cookie_path()}
    response.set_cookie(COOKIE, browser, max_age=attempts.SECONDS, **options)
    return response


def _cookie_path() -> str:
    return reverse("accounts:openid")


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Take the browser back from the provider, and sign the person in or link their account."""
    if not settings.OIDC_ISSUER:
        raise NotFound
    try:
        response = _enter(request)
    except DomainError as err:
        response = _refused(request, err)
    response.delete_cookie(COOKIE, path=_cookie_path(), samesite="Lax")
    return response


def _enter(request: HttpRequest) -> HttpResponse:
    attempt = attempts.take(request.GET.get("state", ""), browser=request.COOKIES.get(COOKIE, ""))
    if attempt is None:
        raise Distrusted(_("It was begun in another browser, was used already, or took longer than ten minutes."))
    known = provider.metadata()
    named = request.GET.get("iss")
    if named != provider.issuer() and (named is not None or known.names_itself):
        raise Distrusted
    if "error" in request.GET or "code" not in request.GET:
        raise Declined
    got = provider.exchange(request.GET["code"], verifier=attempt.verifier, redirect_uri=callback_address())
    claims = provider.read_id_token(got.get("id_token"), nonce=attempt.nonce)
    if "email" not in claims or "name" not in claims:
        claims = {**provider.user_info(got.get("access_token"), subject=claims["sub"]), **claims}
    if attempt.again_at:
        return _shown_again(request, attempt, claims)
    if attempt.user_id:
        return _linked(request, attempt, claims)
    user = services.find_person(provider.issuer(), claims)
    if factors.is_on(user):
        return second_step.ask(request, user, keep=True, goal=attempt.goal, way=WAY)
    admit(user, address=str(request.client_address), way=WAY)  # type: ignore[attr-defined]
    open_session(request, user, through=WAY)
    return pages.go(request, attempt.goal)


def _linked(request: HttpRequest, attempt: attempts.Attempt, claims: dict[str, Any]) -> HttpResponse:
    if str(request.user.pk) != attempt.user_id:
        raise Distrusted(_("You signed out meanwhile, or are somebody else now."))
    services.link(cast(User, request.user), provider.issuer(), claims)
    return pages.go(request, attempt.goal, told=_("You can sign in with %s from now on.") % settings.OIDC_NAME)


def _shown_again(request: HttpRequest, attempt: attempts.Attempt, claims: dict[str, Any]) -> HttpResponse:
    """Note that the person showed the provider who they are, which has to say that it asked since."""
    known = services.identity_of(request.user) if request.user.is_authenticated else None
    if known is None or known.subject != claims["sub"]:
        raise Distrusted(_("You signed out meanwhile, or came back as somebody else."))
    shown_at = claims.get("auth_time")
    if not isinstance(shown_at, (int, float)):
        raise Declined(_("The provider does not say when it asked you."))
    if shown_at < attempt.again_at - provider.LEEWAY_SECONDS:
        raise Declined(_("The provider did not ask you again."))
    reauthentication.note_confirmed(known.user, current_session_id(request))
    return pages.go(request, attempt.goal)


def _refused(request: HttpRequest, err: DomainError) -> HttpResponse:
    """Say on a page what stands in the way, and lead on."""
    again = (reverse("accounts:openid"), _("Try again with %s") % settings.OIDC_NAME)
    ways = [again, (reverse("accounts:sign-in"), _("Sign in with a password"))]
    if request.user.is_authenticated:
        ways = [(reverse("accounts:connections"), _("Back to Connections"))]
    elif isinstance(err, LinkFirst):
        ways = [
            (
                pages.with_next(reverse("accounts:sign-in"), reverse("accounts:connections")),
                _("Sign in with a password"),
            )
        ]
    about = err.detail if err.detail != err.title else ""
    context = {"title": err.title, "about": about, "links": ways}
    return render(request, "accounts/door.html", context, status=err.status)


@pages.signed_in
@require_POST
def unlink(request: HttpRequest, identity_id: UUID) -> HttpResponse:
    services.unlink(cast(User, request.user), identity_id)
    return pages.go(request, reverse("accounts:connections"), told=_("The link is cut."))
