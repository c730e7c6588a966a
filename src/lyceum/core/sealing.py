"""Secrets at rest: readable with the workspace's SECRET_KEY alone, and only in the place that they were sealed for."""

import base64
import binascii
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


class Unreadable(Exception):
    """What was sealed under another SECRET_KEY, for another place, or damaged."""


def _key(purpose: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"lyceum {purpose}".encode())
    return derive.derive(settings.SECRET_KEY.encode())


def seal(text: str, *, purpose: str, place: object) -> str:
    """Encrypt a secret; `place`, such as its row's id, has to be the same when it is opened."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_key(purpose)).encrypt(nonce, text.encode(), str(place).encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, purpose: str, place: object) -> str:
    """Return a sealed secret; raises Unreadable."""
    try:
        data = base64.urlsafe_b64decode(sealed)
        return AESGCM(_key(purpose)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], str(place).encode()).decode()
    except (InvalidTag, binascii.Error, ValueError) as err:
        raise Unreadable from err


def keyed_hash(text: str, *, purpose: str, place: object) -> str:
    """Return a hash that nobody can try guesses against who has the database alone."""
    return hmac.new(_key(purpose), f"{place}:{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
