"""Signatures of webhooks as Standard Webhooks has them (standardwebhooks.com, symmetric, `v1`). No Django."""

import base64
import hashlib
import hmac
import secrets

BEGINNING = "whsec_"
SECRET_BYTES = 24


def new_secret() -> str:
    return BEGINNING + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of one delivery: HMAC-SHA256 over its id, its Unix time and its body, joined by dots."""
    key = base64.b64decode(secret.removeprefix(BEGINNING))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
