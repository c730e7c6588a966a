"""Passkeys: made by a device that has checked who holds it, and so both factors at once."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from lyceum.accounts import challenges, factors, services
from lyceum.accounts.errors import (
    OnlyWayIn,
    PasskeyInvalid,
    PasskeyKnown,
    PasskeyRefused,
    PasskeysNeedName,
    TooManyPasskeys,
)
from lyceum.accounts.models import Passkey, User
from lyceum.core import audit
from lyceum.core.conditions import unbound
from lyceum.core.errors import NotFound

log = structlog.get_logger("lyceum.auth")
MAX_EACH = 20
WORKSPACE = "Lyceum"
# What the library and what is beneath it raise for an answer that is not what a browser makes.
GARBAGE = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    struct.error,
)
REQUIRED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class Place:
    """Where a browser is: the name that passkeys are made for, and the origins whose pages may ask for them."""

    rp_id: str
    origins: frozenset[str]

    @property
    def server(self) -> Fido2Server:
        rp = PublicKeyCredentialRpEntity(id=self.rp_id, name=WORKSPACE)
        return Fido2Server(rp, verify_origin=self.origins.__contains__)


def place_at(host: str, *, scheme: str) -> Place:
    """Return the place of a request by its host, which is one of those that are served; raises PasskeysNeedName.

    A proxy that ends TLS speaks plain HTTP to us, so the secure origin of the host always counts.
    """
    name = urlsplit(f"//{host}").hostname or ""
    if not has_name(host):
        raise PasskeysNeedName
    origins = {f"https://{host}", f"{scheme}://{host}"}
    public = urlsplit(settings.PUBLIC_URL)
    if public.hostname == name:
        origins.add(f"{public.scheme}://{public.netloc}")
    return Place(name, frozenset(origins))


def has_name(host: str) -> bool:
    """Say whether browsers make passkeys for this host: they do for names, not for addresses."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ip_address(name)
    except ValueError:
        return bool(name)
    return False


def _descriptors(rows: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    kind = PublicKeyCredentialType.PUBLIC_KEY
    return [
        PublicKeyCredentialDescriptor(type=kind, id=bytes(row.credential_id), transports=row.transports or None)
        for row in rows
    ]


def begin_adding(user: User, place: Place, *, sign_in_id: UUID) -> tuple[str, dict[str, Any]]:
    """Return the token of a challenge, and what the browser needs to make a passkey."""
    known = list(user.passkeys.all())
    if len(known) >= MAX_EACH:
        raise TooManyPasskeys
    options, state = place.server.register_begin(
        PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.email, display_name=user.name),
        _descriptors([row for row in known if row.rp_id == place.rp_id]),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=REQUIRED,
    )
    token = challenges.keep(state, purpose="add", holder=sign_in_id)
    return token, _public_key(options)


def _public_key(options: Any) -> dict[str, Any]:
    """Return the options as the JSON that browsers parse."""
    return dict(_plain(dict(options)["publicKey"]))


def _plain(value: Any) -> Any:
    if hasattr(value, "items"):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def add(user: User, place: Place, *, sign_in_id: UUID, state: str, credential: dict[str, Any], name: str) -> Passkey:
    """Keep the passkey that a browser made for this sign-in's challenge.

    Raises PasskeyInvalid, PasskeyKnown or TooManyPasskeys.
    """
    challenge = challenges.take(state, purpose="add", holder=sign_in_id)
    data = None if challenge is None else _registered(place, challenge, credential)
    if data is None or data.credential_data is None:
        log.warning("passkey_not_added", user=str(user.pk))
        raise PasskeyInvalid
    try:
        with transaction.atomic():
            return _keep(user, place, data, name=name, transports=_transports(credential))
    except IntegrityError as err:
        raise PasskeyKnown from err


def _registered(place: Place, challenge: dict[str, Any], credential: dict[str, Any]) -> AuthenticatorData | None:
    try:
        data = place.server.register_complete(challenge, credential)
        alg = data.credential_data.public_key.ALGORITHM if data.credential_data else None
    except GARBAGE:
        return None
    return data if alg in CoseKey.supported_algorithms() else None


def _transports(credential: dict[str, Any]) -> list[str]:
    response = credential.get("response")
    found = response.get("transports") if isinstance(response, dict) else None
    known = {"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}
    return [each for each in found if isinstance(each, str) and each in known] if isinstance(found, list) else []


def _keep(user: User, place: Place, data: AuthenticatorData, *, name: str, transports: list[str]) -> Passkey:
    made = data.credential_data
    assert made is not None
    # One after the other, so that nobody goes over the bound.
    User.objects.select_for_update().get(pk=user.pk)
    if user.passkeys.count() >= MAX_EACH:
        raise TooManyPasskeys
    row = Passkey.objects.create(
        user=user,
        name=name,
        credential_id=made.credential_id,
        credential=bytes(made),
        sign_count=data.counter,
        transports=transports,
        is_synced=data.is_backup_eligible(),
        rp_id=place.rp_id,
    )
    factors.tell(user, "passkey_added")
    return row


def begin_entering(
    place: Place, *, purpose: str, holder: object, user: User | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the token of a challenge, and what the browser needs to answer it: with any passkey for this place, or
    with one of a person's."""
    known = None if user is None else _descriptors(list(user.passkeys.filter(rp_id=place.rp_id)))
    options, state = place.server.authenticate_begin(known, user_verification=REQUIRED)
    return challenges.keep(state, purpose=purpose, holder=holder), _public_key(options)


def check(place: Place, *, purpose: str, holder: object, state: str, credential: dict[str, Any]) -> User:
    """Return whose passkey answered the challenge; raises PasskeyRefused, whatever the reason."""
    challenge = challenges.take(state, purpose=purpose, holder=holder)
    row = _find(credential)
    if challenge is None or row is None:
        log.warning("passkey_refused", reason="unknown" if challenge else "challenge")
        raise PasskeyRefused
    data = _answered(place, challenge, row, credential)
    if data is None or not row.user.may_enter or row.rp_id != place.rp_id:
        log.warning("passkey_refused", reason="answer", user=str(row.user_id), passkey=str(row.pk))
        raise PasskeyRefused
    _count(row, data.counter)
    return row.user


def _find(credential: dict[str, Any]) -> Passkey | None:
    try:
        credential_id = websafe_decode(credential["rawId"])
    except GARBAGE:
        return None
    return Passkey.objects.select_related("user").filter(credential_id=credential_id).first()


def _answered(
    place: Place, challenge: dict[str, Any], row: Passkey, credential: dict[str, Any]
) -> AuthenticatorData | None:
    """Return what the authenticator signed; None unless it is this passkey's, for its owner and this challenge."""
    try:
        place.server.authenticate_complete(challenge, [AttestedCredentialData(bytes(row.credential))], credential)
        response = AuthenticationResponse.from_dict(credential).response
    except GARBAGE:
        return None
    return response.authenticator_data if response.user_handle == row.user_id.bytes else None


def _count(row: Passkey, counter: int) -> None:
    """Note a use; a counter that does not rise is that of a copy. Synced passkeys do not count and send 0."""
    same = Passkey.objects.filter(pk=row.pk)
    rising = same.filter(sign_count__lt=counter) if counter else same.filter(sign_count=0)
    if rising.update(sign_count=counter, last_used_at=timezone.now()):
        return
    log.warning("passkey_refused", reason="counter", user=str(row.user_id), passkey=str(row.pk))
    audit.record(row.user, "user.passkey_copied", row.pk)
    raise PasskeyRefused


def sign_in(place: Place, *, purpose: str, holder: object, address: str, **answer: Any) -> User:
    """Return the person whom a passkey lets in; raises PasskeyRefused or EmailUnverified."""
    user = check(place, purpose=purpose, holder=holder, **answer)
    return services.admit(user, address=address, way="passkey")


def get_for(user: User, passkey_id: UUID, *, lock: bool = False) -> Passkey:
    rows = user.passkeys.select_for_update() if lock else user.passkeys
    row = rows.filter(pk=passkey_id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def rename(user: User, passkey_id: UUID, name: str, *, check: Callable[[Passkey], None] = unbound) -> Passkey:
    """Give a passkey another name; `check` sees the locked row and raises when it is not the one that was read."""
    row = get_for(user, passkey_id, lock=True)
    check(row)
    row.name, row.version = name, row.version + 1
    row.save(update_fields=["name", "version"])
    audit.record(user, "user.passkey_renamed", row.pk)
    return row


@transaction.atomic
def remove(user: User, passkey_id: UUID, *, check: Callable[[Passkey], None] = unbound) -> None:
    """Let a passkey open the account no more; raises OnlyWayIn for somebody without a password and another way."""
    User.objects.select_for_update().get(pk=user.pk)
    row = get_for(user, passkey_id, lock=True)
    check(row)
    is_last = not user.passkeys.exclude(pk=row.pk).exists() and not user.identities.exists()
    if is_last and not user.has_usable_password():
        raise OnlyWayIn
    row.delete()
    factors.tell(user, "passkey_removed")
