"""What apps hear of a person, by the scopes that they were given (OpenID Connect Core, 5)."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings

from lyceum.accounts.models import User
from lyceum.accounts.oauth import signing
from lyceum.accounts.oauth.models import App

ID_TOKEN_SECONDS = 300


def about(user: User, scopes: Collection[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"sub": str(user.pk)}
    if "profile" in scopes:
        told |= {"name": user.name, "given_name": user.first_name, "family_name": user.last_name}
        told |= {"locale": user.locale, "zoneinfo": user.timezone}
    if "email" in scopes:
        told |= {"email": user.email, "email_verified": user.email_verified_at is not None}
    return told


def id_token(
    app: App, user: User, scopes: Collection[str], *, access: str, nonce: str = "", signed_in_at: datetime | None = None
) -> str:
    now = int(time.time())
    claims = {
        **about(user, scopes),
        "iss": settings.PUBLIC_URL,
        "aud": app.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "at_hash": urlsafe_b64encode(sha256(access.encode()).digest()[:16]).rstrip(b"=").decode(),
    }
    if signed_in_at is not None:
        claims["auth_time"] = int(signed_in_at.timestamp())
    if nonce:
        claims["nonce"] = nonce
    return signing.sign(claims)
