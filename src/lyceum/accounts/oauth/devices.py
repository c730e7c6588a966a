"""Programs without a browser: they show a short code, which a person enters elsewhere (RFC 8628)."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from lyceum.accounts import tokens
from lyceum.accounts.models import User
from lyceum.accounts.oauth.errors import OAuthError, invalid_grant
from lyceum.accounts.oauth.grants import note_grant
from lyceum.accounts.oauth.models import App, DeviceCode
from lyceum.accounts.tokens import TokenPair, token_hash

# Letters that are told apart when read aloud and make no words (RFC 8628, 6.1).
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
LIFETIME = timedelta(minutes=10)
INTERVAL_SECONDS = 5


def begin(app: App, scopes: list[str]) -> tuple[str, DeviceCode]:
    """Return the secret that the program polls with, and the row with the code that it shows."""
    secret = secrets.token_urlsafe(32)
    user_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    expires = timezone.now() + LIFETIME
    hashed = token_hash(secret)
    row = DeviceCode.objects.create(hash=hashed, user_code=user_code, app=app, scopes=scopes, expires_at=expires)
    return secret, row


def shown(user_code: str) -> str:
    return f"{user_code[:4]}-{user_code[4:]}"


def find_waiting(text: str) -> DeviceCode | None:
    """Return what waits under a code, however it was typed."""
    plain = "".join(letter for letter in text.upper() if letter in LETTERS)
    waiting = DeviceCode.objects.select_related("app").filter(state=DeviceCode.State.WAITING)
    return waiting.filter(user_code=plain, expires_at__gt=timezone.now()).first()


@transaction.atomic
def decide(user: User, row: DeviceCode, *, is_allowed: bool, signed_in_at: datetime) -> bool:
    """Let the program in or not; False when somebody was quicker."""
    state = DeviceCode.State.ALLOWED if is_allowed else DeviceCode.State.DENIED
    waiting = DeviceCode.objects.filter(pk=row.pk, state=DeviceCode.State.WAITING, expires_at__gt=timezone.now())
    if not waiting.update(state=state, user=user, signed_in_at=signed_in_at):
        return False
    if is_allowed:
        note_grant(user, row.app, row.scopes)
    return True


def poll(app: App, secret: str, *, address: str, user_agent: str) -> tuple[TokenPair, User, DeviceCode]:
    """Return tokens once the person has let the program in; raises OAuthError with how it stands."""
    refusal, found = _look(app, secret)
    if refusal is not None or found is None:
        raise refusal or invalid_grant()
    with transaction.atomic():
        user = found.user
        # Of many polls at once the one that takes the row away gets the tokens.
        if user is None or not user.is_active or not DeviceCode.objects.filter(pk=found.pk).delete()[0]:
            raise invalid_grant("The code is not good.")
        pair = tokens.open_family(user, address=address, user_agent=user_agent, app=app, scopes=found.scopes)
        return pair, user, found


@transaction.atomic
def _look(app: App, secret: str) -> tuple[OAuthError | None, DeviceCode | None]:
    row = DeviceCode.objects.select_for_update().filter(hash=token_hash(secret), app=app).first()
    if row is None:
        return invalid_grant("The code is not good."), None
    now, before = timezone.now(), row.asked_at
    row.asked_at = now
    row.save(update_fields=["asked_at"])
    if row.expires_at <= now:
        return OAuthError("expired_token"), row
    if row.state == DeviceCode.State.DENIED:
        return OAuthError("access_denied"), row
    if row.state == DeviceCode.State.ALLOWED:
        return None, row
    is_quick = before is not None and (now - before).total_seconds() < INTERVAL_SECONDS
    return OAuthError("slow_down" if is_quick else "authorization_pending"), row
