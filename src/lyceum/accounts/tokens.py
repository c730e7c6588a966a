"""Token families: refresh tokens that rotate on use, and the access tokens that hang on them."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts.errors import TokenInvalid, TokenReused, TokenRevoked, TokenRotated
from lyceum.accounts.models import Token, TokenFamily, User
from lyceum.accounts.oauth.models import App
from lyceum.core import audit
from lyceum.core.live import push_on_commit
from lyceum.core.scopes import ScopeMissing

log = structlog.get_logger("lyceum.auth")
RACE = timedelta(seconds=10)
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class TokenPair:
    access: str
    refresh: str
    access_expires_at: datetime
    refresh_expires_at: datetime


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def open_family(
    user: User,
    *,
    address: str,
    user_agent: str,
    through: str = "password",
    app: App | None = None,
    scopes: Sequence[str] | None = None,
) -> TokenPair:
    """Sign a program in as the person; an app that acts for them has scopes. `through` is what the person came with."""
    expires = timezone.now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
    family = TokenFamily.objects.create(
        user=user,
        expires_at=expires,
        address=address,
        user_agent=user_agent[:300],
        through="app" if app else through,
        app=app,
        scopes=None if scopes is None else list(scopes),
    )
    audit.record(user, "tokens.opened", family.pk, **({"app": str(app.pk)} if app else {}))
    return _issue(family)


def _issue(family: TokenFamily, scopes: Sequence[str] | None = None) -> TokenPair:
    now = timezone.now()
    access, refresh = f"lya_{secrets.token_urlsafe(32)}", f"lyr_{secrets.token_urlsafe(32)}"
    access_expires = now + timedelta(minutes=settings.PUBLIC_ACCESS_TOKEN_MINUTES)
    refresh_expires = now + timedelta(days=settings.REFRESH_TOKEN_DAYS)
    Token.objects.bulk_create(
        [
            Token(
                hash=token_hash(access),
                kind=Token.Kind.ACCESS,
                family=family,
                expires_at=access_expires,
                scopes=None if scopes is None else list(scopes),
            ),
            Token(hash=token_hash(refresh), kind=Token.Kind.REFRESH, family=family, expires_at=refresh_expires),
        ]
    )
    TokenFamily.objects.filter(pk=family.pk).update(expires_at=refresh_expires, last_seen_at=now)
    return TokenPair(access, refresh, access_expires, refresh_expires)


def family_of(pair: TokenPair) -> TokenFamily:
    """Return the family that a pair was issued in, with its user."""
    return Token.objects.select_related("family__user").get(hash=token_hash(pair.refresh)).family


def rotate(refresh: str, *, app: App | None = None, scopes: Sequence[str] | None = None) -> TokenPair:
    """Trade a refresh token for its successor. Of many uses at once exactly one succeeds.

    A token of an app is that app's alone, and the access token may have fewer scopes than the family. Raises
    TokenRotated within 10 s of the first use (a race), TokenReused later, which ends the family.
    """
    with transaction.atomic():
        now = timezone.now()
        token = (
            Token.objects.select_for_update(of=("self",))
            .select_related("family__user")
            .filter(hash=token_hash(refresh), kind=Token.Kind.REFRESH)
            .first()
        )
        if token is None or token.expires_at <= now or not token.family.user.is_active:
            raise TokenInvalid
        if token.family.app_id != (app.pk if app else None):
            raise TokenInvalid
        if scopes is not None and not set(scopes) <= set(token.family.scopes or ()):
            raise ScopeMissing(scopes)
        if token.family.revoked_at is not None:
            raise TokenRevoked
        if token.used_at is None:
            token.used_at = now
            token.save(update_fields=["used_at"])
            return _issue(token.family, scopes)
        if now - token.used_at <= RACE:
            raise TokenRotated
        revoke_family(token.family)
        log.warning("token_reused", user=str(token.family.user_id), family=str(token.family_id))
    raise TokenReused


def revoke_family(family: TokenFamily) -> None:
    """End a family: its refresh and access tokens are refused at once and its sockets close."""
    if not TokenFamily.objects.filter(pk=family.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return
    audit.record(family.user, "tokens.revoked", family.pk)
    push_on_commit(f"session:{family.pk}", {}, control="close:4401")


@transaction.atomic
def revoke(refresh: str) -> None:
    """End the family of any token that was ever ours; raises TokenInvalid for others."""
    token = Token.objects.select_related("family__user").filter(hash=token_hash(refresh)).first()
    if token is None:
        raise TokenInvalid
    revoke_family(token.family)


def find_access(access: str) -> Token:
    """Return a living access token, with its family and user; raises TokenInvalid or TokenRevoked."""
    token = (
        Token.objects.select_related("family__user")
        .filter(hash=token_hash(access), kind=Token.Kind.ACCESS, expires_at__gt=timezone.now())
        .first()
    )
    if token is None or not token.family.user.is_active:
        raise TokenInvalid
    if token.family.revoked_at is not None:
        raise TokenRevoked
    if timezone.now() - token.family.last_seen_at > SEEN_EVERY:
        TokenFamily.objects.filter(pk=token.family.pk).update(last_seen_at=timezone.now())
    return token


def verify(token: str) -> None:
    """Pass for a living access token or an unused refresh token; raises TokenInvalid else."""
    row = (
        Token.objects.select_related("family__user")
        .filter(hash=token_hash(token), expires_at__gt=timezone.now(), used_at=None)
        .first()
    )
    if row is None or not row.family.user.is_active:
        raise TokenInvalid
    if row.family.revoked_at is not None:
        raise TokenRevoked
