"""The keys that sign ID tokens: made when first needed, sealed in the database, and replaced every quarter."""

from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from lyceum.accounts.oauth.models import SigningKey
from lyceum.accounts.tokens import token_hash
from lyceum.core import sealing

ALGORITHM = "RS256"
PURPOSE = "id tokens"
SIGNS_FOR = timedelta(days=90)
# Apps look at the keys anew within this time, so a new one is published so long before it signs.
AHEAD = timedelta(days=1)
# An ID token is good for minutes; who keeps one longer asks its app.
PUBLISHED_AFTER = timedelta(days=7)


def _private(row: SigningKey) -> rsa.RSAPrivateKey | None:
    """Return a key, or nothing for one that was sealed under another SECRET_KEY."""
    try:
        pem = sealing.unseal(row.sealed_pem, purpose=PURPOSE, place=row.pk)
    except sealing.Unreadable:
        return None
    found = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def _published() -> list[tuple[SigningKey, rsa.RSAPrivateKey]]:
    """Return the keys by which living tokens may be signed, the oldest first."""
    since = timezone.now() - AHEAD - SIGNS_FOR - PUBLISHED_AFTER
    rows = SigningKey.objects.filter(created_at__gt=since).order_by("created_at")
    found = [(row, private) for row in rows if (private := _private(row)) is not None]
    return found or [_make()]


def _make() -> tuple[SigningKey, rsa.RSAPrivateKey]:
    private = rsa.generate_private_key(65537, 2048)
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = private.private_bytes(*formats).decode()
    identity = token_hash(pem)[:32]
    sealed = sealing.seal(pem, purpose=PURPOSE, place=identity)
    return SigningKey.objects.create(id=identity, sealed_pem=sealed), private


def sign(claims: dict[str, Any]) -> str:
    """Sign with the newest key that apps have had the time to see; with the first one at once."""
    published = _published()
    seen = [pair for pair in published if pair[0].created_at <= timezone.now() - AHEAD]
    row, private = (seen or published[:1])[-1]
    return jwt.encode(claims, private, ALGORITHM, {"kid": row.pk})


def public_keys() -> list[dict[str, Any]]:
    """Return the public halves as a JWK set has them (RFC 7517)."""
    return [
        {**RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": row.pk, "use": "sig", "alg": ALGORITHM}
        for row, private in _published()
    ]


def replace_old() -> None:
    """Make the next key when the newest has signed for a quarter, and forget those that nothing needs."""
    newest = SigningKey.objects.order_by("-created_at").first()
    if newest is not None and newest.created_at < timezone.now() - SIGNS_FOR:
        _make()
    SigningKey.objects.filter(created_at__lt=timezone.now() - AHEAD - SIGNS_FOR - PUBLISHED_AFTER).delete()
