"""The step between a right password and a sign-in: a browser that waits for the code of the second factor."""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from lyceum.accounts.models import User
from lyceum.accounts.tokens import token_hash
from lyceum.core import pages, valkey

LIFETIME = timedelta(minutes=10)
COOKIE, PATH = "second_step", "/sign-in/"


@dataclass(frozen=True)
class Waiting:
    """Who has shown the first factor in this browser, and what they asked for."""

    user: User
    keep: bool
    goal: str
    way: str


def _key(token: str) -> str:
    return valkey.key("second-step", token_hash(token))


def ask(request: HttpRequest, user: User, *, keep: bool, goal: str, way: str = "password") -> HttpResponse:
    """Send a browser to the page that asks for the code; `way` is how the first factor was shown."""
    token = secrets.token_urlsafe(32)
    # A password that changes meanwhile ends the step, as it ends sessions.
    kept = {"user": str(user.pk), "hash": user.get_session_auth_hash(), "keep": keep, "goal": goal, "way": way}
    valkey.connection().set(_key(token), json.dumps(kept), ex=LIFETIME)
    response = pages.go(request, reverse("accounts:sign-in-code"))
    response.set_cookie(
        COOKIE,
        token,
        max_age=LIFETIME,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def waiting(request: HttpRequest) -> Waiting | None:
    """Return who waits in this browser; None where nobody does, or it took too long."""
    found: Any = valkey.connection().get(_key(request.COOKIES.get(COOKIE, "")))
    if found is None:
        return None
    kept = json.loads(found)
    user = User.objects.filter(pk=kept["user"]).first()
    if user is None or not user.may_enter or not secrets.compare_digest(user.get_session_auth_hash(), kept["hash"]):
        return None
    return Waiting(user, kept["keep"], kept["goal"], kept["way"])


def end(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    valkey.connection().delete(_key(request.COOKIES.get(COOKIE, "")))
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response
