"""Service keys: what a service comes with; each has an identity of its own, which conversations can take in."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from lyceum.accounts import search
from lyceum.accounts.errors import Locked, TokenInvalid, TokenRevoked
from lyceum.accounts.models import ServiceKey, User
from lyceum.accounts.tokens import token_hash
from lyceum.core import audit, valkey
from lyceum.core.addresses import limit_key
from lyceum.core.errors import NotFound
from lyceum.core.ids import uuid7
from lyceum.core.live import push_on_commit

log = structlog.get_logger("lyceum.auth")
BEGINNING = "lyk_"
SHOWN = 12
SEEN_EVERY = timedelta(minutes=5)
# So many wrong keys from one address in so long, and none from there is looked at until the time is over.
MOST_GUESSES, GUESS_SECONDS = 50, 15 * 60


@transaction.atomic
def create(
    *,
    name: str,
    scopes: Sequence[str],
    actor: User | None,
    limit_profile: str = "free",
    expires_at: datetime | None = None,
) -> tuple[ServiceKey, str]:
    """Make a key with its service, and return it with the secret, which nothing shows again."""
    identity = uuid7()
    service = User(
        id=identity,
        kind=User.Kind.SERVICE,
        email=f"{identity}@service.invalid",
        first_name=name,
        limit_profile=limit_profile,
    )
    service.set_unusable_password()
    service.save()
    secret = f"{BEGINNING}{secrets.token_urlsafe(32)}"
    key = ServiceKey.objects.create(
        user=service,
        prefix=secret[:SHOWN],
        hash=token_hash(secret),
        scopes=sorted(set(scopes)),
        created_by=actor,
        expires_at=expires_at,
    )
    search.touch(service.pk)
    audit.record(actor, "key.created", key.pk, scopes=key.scopes, profile=limit_profile)
    return key, secret


@transaction.atomic
def revoke(key_id: UUID, *, actor: User | None) -> None:
    """End a key: it is refused at once, its sockets close, and its service leaves the directory."""
    key = ServiceKey.objects.select_for_update().filter(pk=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound("There is no such key.")
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    User.objects.filter(pk=key.user_id).update(is_active=False)
    search.touch(key.user_id)
    audit.record(actor, "key.revoked", key.pk)
    push_on_commit(f"session:{key.pk}", {}, control="close:4401")


def _guesses(address: str) -> str:
    return valkey.key("lockout", "keys", limit_key(address))


def _check_guesses(address: str) -> None:
    try:
        pipe = valkey.connection().pipeline()
        pipe.get(_guesses(address))
        pipe.pttl(_guesses(address))
        tries, wait = pipe.execute()
    except RedisError:
        # No key is guessed in any time; the services that have one go on.
        return
    if int(tries or 0) >= MOST_GUESSES:
        raise Locked(retry_after=wait / 1000)


def _count_guess(address: str) -> None:
    log.warning("key_refused", address=address)
    try:
        pipe = valkey.connection().pipeline()
        pipe.set(_guesses(address), 0, ex=GUESS_SECONDS, nx=True)
        pipe.incr(_guesses(address))
        pipe.execute()
    except RedisError:
        return


def find(secret: str, *, address: str) -> ServiceKey:
    """Return the living key of a secret, with its service; raises TokenInvalid, TokenRevoked or Locked."""
    _check_guesses(address)
    key = ServiceKey.objects.select_related("user").filter(hash=token_hash(secret)).first()
    if key is None:
        _count_guess(address)
        raise TokenInvalid
    if key.revoked_at is not None or not key.user.is_active:
        raise TokenRevoked
    now = timezone.now()
    if key.expires_at is not None and key.expires_at <= now:
        raise TokenInvalid("This key has expired.")
    if key.last_used_at is None or now - key.last_used_at > SEEN_EVERY:
        ServiceKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key
