"""What people let apps do: given on a page, traded for tokens, looked at, and taken back."""

import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lyceum.accounts import tokens
from lyceum.accounts.models import Token, TokenFamily, User
from lyceum.accounts.oauth.errors import OAuthError, invalid_grant
from lyceum.accounts.oauth.models import App, AppGrant, AuthorizationCode, DeviceCode
from lyceum.accounts.oauth.requests import Ask
from lyceum.accounts.tokens import TokenPair, revoke_family, token_hash
from lyceum.core import audit
from lyceum.core.errors import DomainError, NotFound
from lyceum.core.scopes import ScopeMissing

log = structlog.get_logger("lyceum.auth")
CODE_LIFETIME = timedelta(seconds=60)
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def has_granted(user: User, ask: Ask) -> bool:
    """Say whether the person has let the app do all of this before."""
    grant = AppGrant.objects.filter(user=user, app__client_id=ask.client_id).first()
    return grant is not None and set(ask.scopes) <= set(grant.scopes)


def note_grant(user: User, app: App, scopes: Sequence[str]) -> None:
    grant, is_new = AppGrant.objects.select_for_update().get_or_create(
        user=user, app=app, defaults={"scopes": list(scopes)}
    )
    more = [scope for scope in scopes if scope not in grant.scopes]
    grant.scopes, grant.last_used_at = [*grant.scopes, *more], timezone.now()
    grant.save(update_fields=["scopes", "last_used_at"])
    if is_new or more:
        audit.record(user, "app.allowed", app.pk, scopes=list(scopes))


@transaction.atomic
def give(user: User, ask: Ask, *, signed_in_at: datetime) -> str:
    """Let an app do what it asks for, and return the code that it trades for tokens within a minute."""
    app = App.objects.filter(client_id=ask.client_id).first()
    if app is None:
        raise NotFound("This app is gone.")
    note_grant(user, app, ask.scopes)
    code = secrets.token_urlsafe(32)
    AuthorizationCode.objects.create(
        hash=token_hash(code),
        app=app,
        user=user,
        scopes=ask.scopes,
        redirect_uri=ask.redirect_uri,
        challenge=ask.challenge,
        nonce=ask.nonce,
        signed_in_at=signed_in_at,
        expires_at=timezone.now() + CODE_LIFETIME,
    )
    return code


def _fits(verifier: str, challenge: str) -> bool:
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return bool(VERIFIER.fullmatch(verifier)) and compare_digest(made, challenge)


def trade_code(
    app: App, code: str, *, verifier: str, redirect_uri: str, address: str, user_agent: str
) -> tuple[TokenPair, AuthorizationCode]:
    """Trade a code for tokens. Of many uses exactly one succeeds; a second one ends what the first one got."""
    with transaction.atomic():
        # Without its neighbours: a row that was waited for is read anew, and what is joined to it is not.
        row = AuthorizationCode.objects.select_for_update().filter(hash=token_hash(code), app=app).first()
        if row is None or row.redirect_uri != redirect_uri or not _fits(verifier, row.challenge):
            raise invalid_grant("The code is not good.")
        if row.family is None:
            if row.expires_at <= timezone.now() or not row.user.is_active:
                raise invalid_grant("The code is too old.")
            pair = tokens.open_family(row.user, address=address, user_agent=user_agent, app=app, scopes=row.scopes)
            row.family = tokens.family_of(pair)
            row.save(update_fields=["family"])
            return pair, row
        revoke_family(row.family)
        log.warning("code_reused", user=str(row.user_id), app=str(app.pk))
    raise invalid_grant("The code was used before.")


def refresh(app: App, refresh_token: str, scopes: Sequence[str] | None) -> tuple[TokenPair, TokenFamily]:
    """Rotate an app's refresh token; a late second use of one ends its family."""
    try:
        pair = tokens.rotate(refresh_token, app=app, scopes=scopes)
    except ScopeMissing as err:
        raise OAuthError("invalid_scope", "A refresh can ask for less and not for more.") from err
    except DomainError as err:
        raise invalid_grant(err.detail) from err
    family = tokens.family_of(pair)
    AppGrant.objects.filter(user=family.user_id, app=app).update(last_used_at=timezone.now())
    return pair, family


@transaction.atomic
def revoke_token(app: App, token: str) -> None:
    """End what a token of the app's stands for: a refresh token its family, an access token itself (RFC 7009)."""
    row = Token.objects.select_related("family__user").filter(hash=token_hash(token), family__app=app).first()
    if row is None:
        return
    if row.kind == Token.Kind.REFRESH:
        revoke_family(row.family)
    else:
        row.delete()


def living_token(app: App, token: str) -> Token | None:
    """Return a token of the app's while it is good, or nothing."""
    row = (
        Token.objects.select_related("family__user")
        .filter(hash=token_hash(token), family__app=app, expires_at__gt=timezone.now(), used_at=None)
        .first()
    )
    return row if row is not None and row.family.revoked_at is None and row.family.user.is_active else None


def grants_of(user: User) -> QuerySet[AppGrant]:
    return AppGrant.objects.filter(user=user).select_related("app")


@transaction.atomic
def take_back(user: User, grant_id: UUID) -> None:
    """End what a person let an app do: its tokens are refused at once, and its sockets close."""
    grant = grants_of(user).filter(pk=grant_id).first()
    if grant is None:
        raise NotFound
    AuthorizationCode.objects.filter(user=user, app=grant.app).delete()
    DeviceCode.objects.filter(user=user, app=grant.app).delete()
    for family in TokenFamily.objects.filter(user=user, app=grant.app, revoked_at=None):
        revoke_family(family)
    grant.delete()
    audit.record(user, "app.refused", grant.app_id)
