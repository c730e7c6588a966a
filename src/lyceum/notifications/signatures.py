"""Signatures of webhooks as Standard Webhooks has them (standardwebhooks.com, symmetric, `v1`). No Django."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

BEGINNING = "whsec_"
SECRET_BYTES = 24
# What the standard allows for a key.
LEAST_BYTES, MOST_BYTES = 24, 64
# How old, or how far ahead by another clock, what is signed may be.
TOLERANCE_SECONDS = 300
# A delivery carries a signature for each secret that is in use, which are never many.
MOST_SIGNATURES = 20


class NotSigned(Exception):
    """What came is not signed with any of the secrets, or not now."""


def new_secret() -> str:
    return BEGINNING + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Say whether a text is a secret of the standard: `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(BEGINNING), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(BEGINNING) and LEAST_BYTES <= len(key) <= MOST_BYTES


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one delivery: HMAC-SHA256 over its id, its Unix time and its body, joined by dots."""
    key = base64.b64decode(secret.removeprefix(BEGINNING))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def verify(valid: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """Return the id of a delivery that is signed with one of the valid secrets, at most five minutes ago.

    `headers` may be in any case. Raises NotSigned. Secrets are compared in constant time, and all of them, so that how
    long it takes tells nothing.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, sent = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not (message_id and sent.isascii() and sent.isdigit() and len(sent) <= 12):
        raise NotSigned
    if abs(now - int(sent)) > TOLERANCE_SECONDS:
        raise NotSigned
    given = named.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    right = [sign(secret, message_id=message_id, timestamp=int(sent), body=body) for secret in valid]
    is_good = False
    for one in given:
        for expected in right:
            is_good |= hmac.compare_digest(expected.encode(), one.encode("utf-8", "replace"))
    if not is_good:
        raise NotSigned
    return message_id


__all__ = ["NotSigned", "is_secret", "new_secret", "sign", "verify"]
