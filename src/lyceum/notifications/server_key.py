"""The key pair that signs for this server at push services (VAPID)."""

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from lyceum.core import sealing
from lyceum.notifications import push_crypto
from lyceum.notifications.models import ServerKey

PURPOSE, PLACE = "push server key", 1


def public() -> str:
    """Return the public half as browsers take it (`applicationServerKey`)."""
    return _row().public


def private() -> ec.EllipticCurvePrivateKey:
    secret = sealing.unseal(_row().sealed_private, purpose=PURPOSE, place=PLACE)
    return ec.derive_private_key(int(secret, 16), push_crypto.CURVE)


def _row() -> ServerKey:
    """Return the kept pair, made on first use; of several processes that ask first one makes it."""
    found = ServerKey.objects.filter(pk=PLACE).first()
    if found is not None and _is_readable(found):
        return found
    return _make(instead_of=found)


def _is_readable(row: ServerKey) -> bool:
    try:
        sealing.unseal(row.sealed_private, purpose=PURPOSE, place=PLACE)
    except sealing.Unreadable:
        return False
    return True


@transaction.atomic
def _make(*, instead_of: ServerKey | None) -> ServerKey:
    """Make the pair, or another one when SECRET_KEY is no longer that under which it was sealed."""
    key = ec.generate_private_key(push_crypto.CURVE)
    secret = f"{key.private_numbers().private_value:064x}"
    fields = {
        "sealed_private": sealing.seal(secret, purpose=PURPOSE, place=PLACE),
        "public": push_crypto.encode(push_crypto.point_of(key)),
    }
    if instead_of is not None:
        ServerKey.objects.filter(pk=PLACE, public=instead_of.public).update(**fields)
    return ServerKey.objects.get_or_create(pk=PLACE, defaults=fields)[0]
