"""The provider's side of a sign-in: what it publishes, the exchange of a code, and whether an ID token is good.

OpenID Connect Core 1.0 with the authorization code and PKCE; every call goes through `core.outbound`.
"""

import json
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt
import structlog
from django.conf import settings

from lyceum.accounts.openid.errors import Distrusted, ProviderDown
from lyceum.core import outbound
from lyceum.core.errors import DomainError

log = structlog.get_logger("lyceum.auth")
# Signatures that only the provider can make; one by a shared secret, or none, is never good enough.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
PUBLISHED_SECONDS = 600
# Unknown keys make us look again, but not at every forged token.
REFRESH_SECONDS = 30
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 255
SCOPE = "openid email profile"
_published: dict[str, tuple[float, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    auth_methods: tuple[str, ...]
    names_itself: bool


def forget() -> None:
    """Ask the provider anew for all that it publishes."""
    _published.clear()


def metadata() -> Metadata:
    """Return what the provider says of itself (OpenID Connect Discovery); raises ProviderDown."""
    found = _read_published(f"{settings.OIDC_ISSUER}/.well-known/openid-configuration", PUBLISHED_SECONDS)
    if found.get("issuer") not in (settings.OIDC_ISSUER, f"{settings.OIDC_ISSUER}/"):
        log.error("openid_wrong_issuer", expected=settings.OIDC_ISSUER, found=str(found.get("issuer"))[:200])
        raise ProviderDown
    endpoints = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(one, str) and one for one in endpoints):
        raise ProviderDown
    authorization, token, keys = map(str, endpoints)
    return Metadata(
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=keys,
        userinfo_endpoint=str(found.get("userinfo_endpoint") or ""),
        auth_methods=tuple(found.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def issuer() -> str:
    """Return the issuer as it writes itself, with or without a slash at the end."""
    metadata()
    return str(_published[f"{settings.OIDC_ISSUER}/.well-known/openid-configuration"][1]["issuer"])


def _read_published(url: str, kept_seconds: float) -> dict[str, Any]:
    until, found = _published.get(url, (0.0, {}))
    if time.monotonic() - until > kept_seconds or not found:
        found = _call("GET", url)
        _published[url] = (time.monotonic(), found)
    return found


def _call(method: str, url: str, *, headers: dict[str, str] | None = None, body: bytes | None = None) -> dict[str, Any]:
    """Call the provider and return its JSON object; raises ProviderDown, or Distrusted for what it refuses."""
    try:
        answer = outbound.fetch(method, url, headers={"Accept": "application/json", **(headers or {})}, body=body)
    except DomainError as err:
        reason = err.for_operators if isinstance(err, outbound.OutboundRefused) else err.detail
        log.error("openid_unreachable", url=url, reason=reason)
        raise ProviderDown from err
    if 400 <= answer.status < 500 and method == "POST":
        log.warning("openid_refused", url=url, status=answer.status, answer=answer.body[:300].decode(errors="replace"))
        raise Distrusted
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict):
        log.error("openid_bad_answer", url=url, status=answer.status)
        raise ProviderDown
    return found


def authorization_url(*, state: str, nonce: str, challenge: str, redirect_uri: str, is_again: bool = False) -> str:
    """Return where the browser goes; `is_again` has the provider ask who it is even if it knows, and say when it did.

    After a `max_age` the ID token has to hold `auth_time` (OpenID Connect Core 1.0, 2).
    """
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if is_again else {}),
    }
    endpoint = metadata().authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def exchange(code: str, *, verifier: str, redirect_uri: str) -> dict[str, Any]:
    """Trade a code for tokens; raises Distrusted when the provider refuses it."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    known = metadata()
    client, secret = settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET
    if secret and ("client_secret_basic" in known.auth_methods or "client_secret_post" not in known.auth_methods):
        pair = f"{quote_plus(client)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client, **({"client_secret": secret} if secret else {})}
    return _call("POST", known.token_endpoint, headers=headers, body=urlencode(form).encode())


def read_id_token(token: object, *, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token that is the provider's, for us, of now and for this very sign-in."""
    try:
        header = jwt.get_unverified_header(token)  # type: ignore[arg-type]
        claims = jwt.decode(
            token,  # type: ignore[arg-type]
            _key(header),
            algorithms=ALGORITHMS,
            audience=settings.OIDC_CLIENT_ID,
            issuer=issuer(),
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
        if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT or not claims["sub"].isprintable():
            raise ValueError("subject")
    except (jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError) as err:
        raise _distrust(f"{type(err).__name__}: {err}") from err
    if claims.get("nonce") != nonce:
        raise _distrust("nonce")
    is_for_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if is_for_many else settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise _distrust("azp")
    return dict(claims)


def _distrust(reason: str) -> Distrusted:
    log.warning("openid_distrusted", reason=reason[:200])
    return Distrusted()


def _key(header: dict[str, Any]) -> jwt.PyJWK:
    """Return the published key that a token names; an unknown one may be new."""
    for kept_seconds in (PUBLISHED_SECONDS, REFRESH_SECONDS):
        published = jwt.PyJWKSet.from_dict(_read_published(metadata().jwks_uri, kept_seconds)).keys
        signing = [key for key in published if key.public_key_use in ("sig", None)]
        named = [key for key in signing if key.key_id == header.get("kid")]
        if named or (len(signing) == 1 and "kid" not in header):
            return (named or signing)[0]
    raise _distrust("unknown key")


def user_info(access_token: object, *, subject: str) -> dict[str, Any]:
    """Return what the provider tells of the person; nothing where it has no such door."""
    endpoint = metadata().userinfo_endpoint
    if not endpoint or not isinstance(access_token, str):
        return {}
    found = _call("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
    if found.get("sub") != subject:
        raise _distrust("user info of somebody else")
    return found
