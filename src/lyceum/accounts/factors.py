"""The second factor: codes by time from an app, and recovery codes for the day when the phone is gone."""

import base64
import re
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts import totp
from lyceum.accounts.errors import FactorIsOff, FactorIsOn, NothingBegun
from lyceum.accounts.models import RecoveryCode, Totp, User
from lyceum.core import audit, jobs, sealing, valkey
from lyceum.core.errors import Invalid

log = structlog.get_logger("lyceum.auth")
PURPOSE = "second factor"
RECOVERY_CODES = 10
RECOVERY_BYTES = 6
# How long a set-up waits for its first code.
SETUP_LIFETIME = timedelta(minutes=15)
WRONG_CODE = "This code is wrong or was used already. Enter the next one that your app shows."


@dataclass(frozen=True)
class FactorState:
    is_on: bool
    confirmed_at: datetime | None
    last_used_at: datetime | None
    recovery_codes_left: int


@dataclass(frozen=True)
class Setup:
    """What an app needs to make codes; shown until the first one confirms it."""

    secret: str
    uri: str
    qr_svg: str

    @property
    def spaced_secret(self) -> str:
        return " ".join(re.findall("....", self.secret))


def is_on(user: User) -> bool:
    """Say whether a password alone does not let this person in."""
    return Totp.objects.filter(user=user).exists()


def state_of(user: User) -> FactorState:
    row = Totp.objects.filter(user=user).first()
    if row is None:
        return FactorState(False, None, None, 0)
    left = RecoveryCode.objects.filter(user=user, used_at=None).count()
    return FactorState(True, row.created_at, row.last_used_at, left)


def _setup_key(user: User, sign_in_id: UUID) -> str:
    return valkey.key("totp-setup", user.pk, sign_in_id)


def begin(user: User, sign_in_id: UUID) -> Setup:
    """Return the secret that this sign-in is setting up; asking again within a quarter of an hour gives the same."""
    if is_on(user):
        raise FactorIsOn
    client, key = valkey.connection(), _setup_key(user, sign_in_id)
    fresh = sealing.seal(totp.make_secret(), purpose=PURPOSE, place=user.pk)
    client.set(key, fresh, ex=SETUP_LIFETIME, nx=True)
    sealed = _begun(user, sign_in_id) or fresh
    return _setup(user, sealing.unseal(sealed, purpose=PURPOSE, place=user.pk))


def _begun(user: User, sign_in_id: UUID) -> str:
    found: Any = valkey.connection().get(_setup_key(user, sign_in_id))
    return found.decode() if found else ""


def _setup(user: User, secret: str) -> Setup:
    uri = totp.address_of(secret, user.email, urlsplit(settings.PUBLIC_URL).hostname or "")
    return Setup(secret, uri, totp.picture_of(uri))


def confirm(user: User, sign_in_id: UUID, otp: str) -> list[str]:
    """Turn the second factor on with the app's first code, and return the recovery codes, for this once."""
    sealed = _begun(user, sign_in_id)
    if not sealed:
        raise NothingBegun
    secret = sealing.unseal(sealed, purpose=PURPOSE, place=user.pk)
    step = totp.matching_step(secret, _plain(otp), now=time.time(), after=0)
    if step is None:
        raise wrong_code()
    with transaction.atomic():
        _made, is_new = Totp.objects.get_or_create(user=user, defaults={"sealed_secret": sealed, "last_step": step})
        if not is_new:
            raise FactorIsOn
        codes = _make_recovery_codes(user)
        tell(user, "totp_added")
    valkey.connection().delete(_setup_key(user, sign_in_id))
    return codes


def wrong_code() -> Invalid:
    return Invalid.field("otp", "invalid", WRONG_CODE)


def tell(user: User, what: str) -> None:
    audit.record(user, f"user.{what}", user.pk)
    jobs.enqueue("accounts.mail_factor", user_id=str(user.pk), what=what)
    log.info("factor_changed", user=str(user.pk), what=what)


def _make_recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, hash=_hash(user, code)) for code in codes])
    return codes


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().rstrip("=").lower()
    return f"{text[:5]}-{text[5:]}"


def _plain(otp: str) -> str:
    return re.sub(r"[\s-]", "", otp).lower()


def _hash(user: User, code: str) -> str:
    return sealing.keyed_hash(_plain(code), purpose=PURPOSE, place=user.pk)


def use_code(user: User, otp: str) -> bool:
    """Say whether this is a code of the person's, from the app or for recovery, and use it up. Of many uses at once
    of one code exactly one succeeds."""
    row = Totp.objects.filter(user=user).first()
    return row is not None and (_use_app_code(row, _plain(otp)) or _use_recovery_code(user, otp))


def _use_app_code(row: Totp, code: str) -> bool:
    try:
        secret = sealing.unseal(row.sealed_secret, purpose=PURPOSE, place=row.user_id)
    except sealing.Unreadable:
        log.error("factor_unreadable", user=str(row.user_id))
        return False
    step = totp.matching_step(secret, code, now=time.time(), after=row.last_step)
    if step is None:
        return False
    unused = Totp.objects.filter(pk=row.pk, last_step__lt=step)
    return bool(unused.update(last_step=step, last_used_at=timezone.now()))


def _use_recovery_code(user: User, otp: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, hash=_hash(user, otp), used_at=None)
    with transaction.atomic():
        if not unused.update(used_at=timezone.now()):
            return False
        tell(user, "recovery_code_used")
    return True


@transaction.atomic
def turn_off(user: User) -> None:
    """Let the password alone be enough again; who asks has shown who they are."""
    if not _forget(user):
        raise FactorIsOff
    tell(user, "totp_removed")


def _forget(user: User) -> bool:
    RecoveryCode.objects.filter(user=user).delete()
    count, _each = Totp.objects.filter(user=user).delete()
    return count > 0


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """Return new recovery codes, for this once; the old ones are dead."""
    if not Totp.objects.select_for_update().filter(user=user).exists():
        raise FactorIsOff
    codes = _make_recovery_codes(user)
    tell(user, "recovery_codes_renewed")
    return codes


@transaction.atomic
def remove_all(user: User) -> list[str]:
    """Take every factor but the password away, as an operator does for who lost them; returns what there was."""
    found = ["second factor"] if _forget(user) else []
    count = user.passkeys.count()
    user.passkeys.all().delete()
    found += [f"{count} passkeys" if count > 1 else "1 passkey"] if count else []
    if found:
        tell(user, "factors_removed_by_operator")
    return found
