"""Showing again who one is, before something is changed that opens or closes the account."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from lyceum.accounts import factors, lockout
from lyceum.accounts.errors import ConfirmationRequired
from lyceum.accounts.models import Session, TokenFamily, User
from lyceum.core import audit, valkey
from lyceum.core.errors import Invalid

log = structlog.get_logger("lyceum.auth")
# How long a confirmation counts; a sign-in is one.
CONFIRMED = timedelta(minutes=10)
# How long we know when it was, which apps may ask for.
REMEMBERED = timedelta(days=14)
OTHER_PROOFS = (
    "You have no password here. Confirm with a passkey, with a code of your second factor, or sign out and in again."
)


def check_own_password(user: User, password: str, address: str, *, field: str = "password") -> None:
    """Raise Invalid at the field unless this is the person's password; counts for the lockout."""
    number = lockout.begin(user.email, address)
    _check_password(user, password, address, field)
    if factors.is_on(user):
        # The password is half of what lets this person in: it clears no wrong codes.
        lockout.undo(user.email, address, number)
    else:
        lockout.succeed(user.email, address)


def _check_password(user: User, password: str, address: str, field: str) -> None:
    if not user.check_password(password):
        log.warning("password_refused", user=str(user.pk), address=address)
        raise Invalid.field(field, "invalid", "This is not your password.")


def check_own_hand(user: User, *, password: str, address: str, sign_in_id: UUID | None) -> None:
    """Pass for the person's password; for who has none, when this sign-in was confirmed within ten minutes.

    Raises Invalid at `password`, Locked or ConfirmationRequired.
    """
    if user.has_usable_password():
        check_own_password(user, password, address)
    elif not is_confirmed(sign_in_id):
        raise ConfirmationRequired(OTHER_PROOFS)


def reauthenticate(
    user: User, *, password: str = "", otp: str = "", address: str, sign_in_id: UUID | None = None
) -> None:
    """Pass when these are the person's password and, where there is a second factor, a code of it.

    For who has no password the code is enough; without a second factor this sign-in has to be confirmed, or made,
    within ten minutes. Raises Invalid at `password` or `otp`, or Locked, or ConfirmationRequired; a wrong one counts
    for the lockout, and a code is used up.
    """
    number, has_factor = lockout.begin(user.email, address), factors.is_on(user)
    if user.has_usable_password():
        _check_password(user, password, address, "password")
    elif not has_factor and not is_confirmed(sign_in_id):
        lockout.undo(user.email, address, number)
        raise ConfirmationRequired(OTHER_PROOFS)
    if has_factor:
        if not otp:
            lockout.undo(user.email, address, number)
            raise Invalid.field("otp", "required", "Enter a code of your second factor too.")
        if not factors.use_code(user, otp):
            log.warning("otp_refused", user=str(user.pk), address=address)
            raise factors.wrong_code()
    lockout.succeed(user.email, address)


def confirm(user: User, sign_in_id: UUID, *, password: str = "", otp: str = "", address: str) -> None:
    """Let a sign-in change what is sensitive for ten minutes."""
    reauthenticate(user, password=password, otp=otp, address=address)
    note_confirmed(user, sign_in_id)


def note_confirmed(user: User, sign_in_id: UUID) -> None:
    valkey.connection().set(_key(sign_in_id), str(time.time()), ex=REMEMBERED)
    audit.record(user, "user.confirmed", user.pk)


def _key(sign_in_id: UUID) -> str:
    return valkey.key("confirmed", sign_in_id)


def _confirmed_at(sign_in_id: UUID) -> datetime:
    found: Any = valkey.connection().get(_key(sign_in_id))
    return datetime.fromtimestamp(float(found or 0), UTC)


def last_shown(session: Session) -> datetime:
    """Return when who uses this browser last showed who they are: by signing in, or by confirming it since."""
    return max(session.created_at, _confirmed_at(session.public_id))


def is_confirmed(sign_in_id: UUID | None) -> bool:
    """Say whether who uses this sign-in has shown within ten minutes who they are."""
    if sign_in_id is None:
        return False
    since = timezone.now() - CONFIRMED
    return (
        _confirmed_at(sign_in_id) > since
        or Session.objects.filter(public_id=sign_in_id, created_at__gt=since).exists()
        or TokenFamily.objects.filter(pk=sign_in_id, revoked_at=None, created_at__gt=since).exists()
    )


def check_confirmed(sign_in_id: UUID | None) -> None:
    if not is_confirmed(sign_in_id):
        raise ConfirmationRequired
