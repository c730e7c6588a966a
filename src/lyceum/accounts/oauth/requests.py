"""What an app asks for when it sends a browser here, checked in the order in which it can be answered."""

import json
import re
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from lyceum.accounts.oauth import apps
from lyceum.accounts.oauth.errors import BadRequest, OAuthError
from lyceum.accounts.oauth.models import App
from lyceum.core.quotas import count

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
# A person who reads the page has this long.
READING_SECONDS = 600
SECONDS = re.compile(r"[0-9]{1,10}")
# In our own addresses: when the person was sent to show who they are, for this very request.
ASKED = "asked"


@dataclass(frozen=True)
class Ask:
    """A good request: which app, what for, and where the answer goes."""

    client_id: str
    redirect_uri: str
    scopes: list[str]
    state: str
    challenge: str
    nonce: str
    prompt: list[str]
    # The most seconds since the person last showed who they are; without a word, any.
    max_age: int | None = None

    def answer(self, **told: str) -> str:
        return answer_to(self.redirect_uri, self.state, **told)


def answer_to(redirect_uri: str, state: str, **told: str) -> str:
    """Return the app's address with an answer in its query, and with who answers (RFC 9207)."""
    parts = urlsplit(redirect_uri)
    more = {**told, **({"state": state} if state else {}), "iss": settings.PUBLIC_URL}
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
    # Not by urlunsplit, which drops the slashes of a scheme without a host.
    return f"{redirect_uri.partition('?')[0]}?{query}"


def app_of(request: HttpRequest, client_id: str) -> App | None:
    """Return the app that a request names; what makes us call an address elsewhere counts as an act of the API."""
    if apps.must_read(client_id):
        count(request, ("api",))
    return apps.find(client_id)


def find_app(request: HttpRequest) -> tuple[App, str]:
    """Return the app and the address for the answer; raises BadRequest where no answer may be sent."""
    query = request.GET
    app = app_of(request, query.get("client_id", ""))
    if app is None:
        raise BadRequest(_("This workspace does not know the app."))
    redirect_uri = query.get("redirect_uri", "")
    if len(query.getlist("redirect_uri")) != 1 or not apps.is_redirect_of(app, redirect_uri):
        raise BadRequest(_("The address that the answer would go to is not one of the app's."))
    return app, redirect_uri


def read(query: QueryDict, app: App, redirect_uri: str) -> Ask:
    """Return the request; raises OAuthError with what the app hears at its address."""
    twice = [name for name, values in query.lists() if len(values) > 1 and name != "resource"]
    if twice:
        raise OAuthError("invalid_request", f"{twice[0]} is there twice.")
    for name in ("request", "request_uri"):
        if name in query:
            raise OAuthError(f"{name}_not_supported")
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "Ask for a code.")
    if query.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "Answers go into the query.")
    challenge = query.get("code_challenge", "")
    if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "PKCE with S256 is needed.")
    nonce = query.get("nonce", "")
    if len(nonce) > 500:
        raise OAuthError("invalid_request", "nonce is too long.")
    prompt, max_age = query.get("prompt", "").split(), query.get("max_age")
    if "none" in prompt and len(prompt) > 1:
        raise OAuthError("invalid_request", "prompt none stands alone.")
    if max_age is not None and not SECONDS.fullmatch(max_age):
        raise OAuthError("invalid_request", "max_age is a number of seconds.")
    return Ask(
        app.client_id,
        redirect_uri,
        read_scopes(query.get("scope", ""), app),
        query.get("state", ""),
        challenge,
        nonce,
        prompt,
        None if max_age is None else int(max_age),
    )


def read_scopes(text: str, app: App) -> list[str]:
    """Return those of the asked scopes that the app may have; without a word, all. Raises OAuthError for none."""
    asked = text.split() or app.scopes
    scopes = [scope for scope in app.scopes if scope in asked]
    if not scopes:
        raise OAuthError("invalid_scope", f"This app may ask for: {' '.join(app.scopes)}.")
    return scopes


def is_fresh(query: QueryDict, ask: Ask, shown_at: datetime) -> bool:
    """Say whether the person has shown who they are as lately as the app wants: for `prompt=login` since it asked."""
    asked_at = _asked_at(query)
    if asked_at is not None and shown_at.timestamp() >= asked_at:
        return True
    age = (timezone.now() - shown_at).total_seconds()
    return "login" not in ask.prompt and (ask.max_age is None or age <= ask.max_age)


def address_after_asking(query: QueryDict) -> str:
    """Return the address of the same request, to come back to once the person has shown who they are."""
    again = query.copy()
    again[ASKED] = _signer(ASKED).sign_object({"at": time.time(), "request": _digest(query)})
    return f"{reverse('oauth:authorize')}?{again.urlencode()}"


def _asked_at(query: QueryDict) -> float | None:
    try:
        found: dict[str, Any] = _signer(ASKED).unsign_object(query.get(ASKED, ""), max_age=READING_SECONDS)
    except BadSignature:
        return None
    return float(found["at"]) if found["request"] == _digest(query) else None


def _digest(query: QueryDict) -> str:
    told = [(name, values) for name, values in sorted(query.lists()) if name != ASKED]
    return sha256(json.dumps(told).encode()).hexdigest()


def _signer(owner: str) -> TimestampSigner:
    return TimestampSigner(salt=f"lyceum.oauth.{owner}")


def seal(ask: Ask, owner: str) -> str:
    """Return the request as the page carries it, good for one sign-in and ten minutes."""
    return _signer(owner).sign_object(asdict(ask))


def unseal(text: str, owner: str) -> Ask:
    try:
        found: dict[str, Any] = _signer(owner).unsign_object(text, max_age=READING_SECONDS)
    except BadSignature as err:
        raise BadRequest(_("The page was open too long, or in another sign-in. Begin again in the app.")) from err
    return Ask(**found)
