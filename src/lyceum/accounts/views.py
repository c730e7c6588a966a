"""Pages before one is signed in: each asks in a form, calls one service, and goes on."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.accounts import fields, passkeys, second_step, selectors, services
from lyceum.accounts.api import serializers as bodies
from lyceum.accounts.askers import address_of
from lyceum.accounts.bodies import RegisterBody
from lyceum.accounts.errors import EmailUnverified, OtpRequired
from lyceum.accounts.models import MailedLink
from lyceum.accounts.openid import views as openid
from lyceum.accounts.sessions import current_session_id, open_session
from lyceum.core import pages
from lyceum.core.forms import Form, answer

HOME = "/talk/"
PAGE = "accounts/door.html"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    goal = pages.next_address(request, HOME)
    if request.user.is_authenticated:
        return redirect(goal)
    form = Form("sign-in", [fields.SIGN_IN_EMAIL, fields.PASSWORD, fields.KEEP], _("Sign in"), next=goal)
    if request.method == "POST":
        with form.refusals():
            body, keep = form.read(bodies.LoginBody, request), "keep" in request.POST
            try:
                user = services.check_credentials(**body, address=address_of(request))
            except OtpRequired as need:
                return second_step.ask(request, need.user, keep=keep, goal=goal)
            open_session(request, user, keep=keep)
            return pages.go(request, goal)
        if form.code == EmailUnverified.code:
            form.way = (reverse("accounts:ask-for-verification"), _("Send the link again"))
    context = {
        "title": _("Sign in"),
        "openid": openid.offer(goal),
        "passkey_goal": goal if passkeys.has_name(request.get_host()) else "",
        "links": [
            (reverse("accounts:ask-for-reset"), _("Reset your password")),
            (_sign_up_address(goal), _("Create an account")),
        ],
    }
    return answer(request, PAGE, form, context)


@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the second factor, after a right password."""
    waiting = second_step.waiting(request)
    if request.user.is_authenticated or waiting is None:
        return pages.go(request, reverse("accounts:sign-in"))
    form = Form("code", [fields.OTP], _("Sign in"))
    if request.method == "POST":
        with form.refusals():
            otp = form.read(bodies.OtpBody, request)["otp"]
            user = services.pass_second_step(waiting.user, otp, address=address_of(request), way=waiting.way)
            open_session(request, user, keep=waiting.keep, second_factor=True, through=waiting.way)
            return second_step.end(request, pages.go(request, waiting.goal))
    context = {
        "title": _("Enter your code"),
        "about": _("Your account asks for a second factor. Without your phone, a recovery code does."),
        "links": [(reverse("accounts:sign-in"), _("Sign in as somebody else"))],
    }
    return answer(request, PAGE, form, context)


def _sign_up_address(goal: str) -> str:
    address = reverse("accounts:sign-up")
    return address if goal == HOME else pages.with_next(address, goal)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        services.end_sign_in(request.user, current_session_id(request))
    logout(request)
    goal, door = pages.next_address(request, ""), reverse("accounts:sign-in")
    return pages.go(request, pages.with_next(door, goal) if goal else door, told=_("You are signed out."))


NEW_PERSON = [fields.FIRST_NAME, fields.LAST_NAME, fields.EMAIL, fields.NEW_PASSWORD, fields.CONFIRM]


@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    goal = pages.next_address(request, HOME)
    if request.user.is_authenticated:
        return redirect(goal)
    form = Form("sign-up", NEW_PERSON, _("Create the account"), next=goal)
    if request.method == "POST":
        with form.refusals():
            user = services.register(**form.read(RegisterBody, request))
            if settings.EMAIL_VERIFICATION == "required":
                return pages.go(request, reverse("accounts:ask-for-verification"))
            open_session(request, user)
            return pages.go(request, goal)
    links = [(reverse("accounts:sign-in"), _("I have an account"))]
    return answer(request, PAGE, form, {"title": _("Create an account"), "links": links})


def _is_dead(request: HttpRequest, token: str, purpose: MailedLink.Purpose) -> bool:
    """Say whether a page would ask in vain; what is sent is judged, and refused, by the service."""
    return request.method == "GET" and not selectors.living_links(token, purpose).exists()


def _dead_link(request: HttpRequest, about: str, ways: list[tuple[str, str]]) -> HttpResponse:
    context = {"title": _("This link was used or is too old"), "about": about, "links": ways}
    return render(request, PAGE, context, status=410)


@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    if _is_dead(request, token, MailedLink.Purpose.SETUP):
        about = _("It makes the first staff account, once. Who runs the server gets a new one while there is none.")
        return _dead_link(request, about, [(reverse("accounts:sign-in"), _("Sign in"))])
    form = Form("set-up", NEW_PERSON, _("Make the staff account"))
    if request.method == "POST":
        with form.refusals():
            open_session(request, services.set_up(**form.read(bodies.SetupBody, request, token=token)))
            return pages.go(request, HOME, told=_("The workspace is yours. People can sign up now."))
    about = _("You make its first staff account. This link works once.")
    return answer(request, PAGE, form, {"title": _("Set this workspace up"), "about": about})


@require_http_methods(["GET", "POST"])
def ask_for_reset(request: HttpRequest) -> HttpResponse:
    form = Form("ask-for-reset", [fields.EMAIL], _("Send a link"))
    if request.method == "POST":
        with form.refusals():
            services.ask_for_reset(form.read(bodies.EmailOnlyBody, request)["email"])
            told = _("If there is an account with this address, a link is on its way. It works for an hour.")
            return pages.go(request, reverse("accounts:sign-in"), told=told)
    context = {
        "title": _("Reset your password"),
        "about": _("We send a link to your address, by which you choose a new password."),
        "links": [(reverse("accounts:sign-in"), _("Sign in"))],
    }
    return answer(request, PAGE, form, context)


@require_http_methods(["GET", "POST"])
def reset(request: HttpRequest, token: str) -> HttpResponse:
    if _is_dead(request, token, MailedLink.Purpose.RESET):
        about = _("Your password is as it was last set. Ask for a new link to choose another, or sign in.")
        ways = [
            (reverse("accounts:ask-for-reset"), _("Ask for a new link")),
            (reverse("accounts:sign-in"), _("Sign in")),
        ]
        return _dead_link(request, about, ways)
    form = Form("reset", [fields.NEW_PASSWORD, fields.CONFIRM], _("Set the password"))
    if request.method == "POST":
        with form.refusals():
            services.reset_password(**form.read(bodies.ResetBody, request, token=token))
            told = _("Your new password is set. You are signed out everywhere; sign in with it.")
            return pages.go(request, reverse("accounts:sign-in"), told=told)
    context = {
        "title": _("Choose a new password"),
        "about": _("Every browser and program that is signed in with the old one is signed out."),
        "links": [(reverse("accounts:ask-for-reset"), _("Ask for a new link"))],
    }
    return answer(request, PAGE, form, context)


@require_http_methods(["GET", "POST"])
def ask_for_verification(request: HttpRequest) -> HttpResponse:
    form = Form("ask-for-verification", [fields.EMAIL], _("Send the link again"))
    if request.method == "POST":
        with form.refusals():
            services.ask_for_verification(form.read(bodies.EmailOnlyBody, request)["email"])
            told = _("If an account with this address waits for it, the link is on its way.")
            return pages.go(request, reverse("accounts:sign-in"), told=told)
    context = {
        "title": _("Look into your mail"),
        "about": _("We sent you a link. Open it to confirm your address, then sign in. It works for 3 days."),
        "links": [(reverse("accounts:sign-in"), _("Sign in"))],
    }
    return answer(request, PAGE, form, context)


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    if _is_dead(request, token, MailedLink.Purpose.VERIFY):
        about = _("If you opened it before, your address is confirmed and you can sign in. Else ask for a new one.")
        again = reverse("accounts:ask-for-verification"), _("Ask for a new link")
        return _dead_link(request, about, [(reverse("accounts:sign-in"), _("Sign in")), again])
    form = Form("verify", [], _("Confirm the address"))
    if request.method == "POST":
        with form.refusals():
            user = services.verify_email(form.read(bodies.TokenBody, request, token=token)["token"])
            told = _("%s is confirmed.") % user.email
            goal = HOME if request.user.is_authenticated else reverse("accounts:sign-in")
            return pages.go(request, goal, told=told)
    context = {
        "title": _("Confirm your address"),
        "about": _("One press, so that no program that looks at your mail does it for you."),
        "links": [(reverse("accounts:ask-for-verification"), _("Ask for a new link"))],
    }
    return answer(request, PAGE, form, context)
