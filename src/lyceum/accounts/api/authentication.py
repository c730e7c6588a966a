from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.middleware.csrf import CsrfViewMiddleware
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from lyceum.accounts import keys, selectors, tokens
from lyceum.accounts.errors import TokenInvalid
from lyceum.accounts.models import User
from lyceum.core.errors import NotAllowed


class CsrfFailed(NotAllowed):
    code, title = "csrf_failed", "The CSRF token is missing or wrong."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer` decides alone: a bad one is 401 even beside a good cookie. Takes tokens and keys."""

    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        header = request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        if not header:
            return None
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenInvalid
        if token.strip().startswith(keys.BEGINNING):
            return self._service(request, token.strip())
        found = tokens.find_access(token.strip())
        if found.granted is not None:
            request._request.granted_scopes = frozenset(found.granted)  # type: ignore[attr-defined]
        return found.family.user, found.family_id

    def _service(self, request: Request, secret: str) -> tuple[User, UUID]:
        key = keys.find(secret, address=request._request.client_address)  # type: ignore[attr-defined]
        request._request.granted_scopes = frozenset(key.scopes)  # type: ignore[attr-defined]
        return key.user, key.pk

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="lyceum"'


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> Any:
        return reason


def check_csrf(request: Request) -> None:
    """Raise CsrfFailed unless the request carries the token of its cookie."""
    check = _CsrfCheck(lambda request: None)  # type: ignore[arg-type]
    check.process_request(request._request)
    if check.process_view(request._request, None, (), {}):  # type: ignore[arg-type]
        raise CsrfFailed


class CookieAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, UUID] | None:
        user = request._request.user
        if isinstance(user, AnonymousUser) or not user.is_active:
            return None
        check_csrf(request)
        session_id = selectors.note_seen(request._request.session.session_key)
        return (user, session_id) if session_id is not None else None
