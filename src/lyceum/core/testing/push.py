"""A browser's half of Web Push, by other people's code: it makes a subscription, and reads what arrives for it."""

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lyceum.core.testing.outside import Outside, Request


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """One subscription at a push service."""

    def __init__(self, service: Outside, name: str = "alices-phone") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)
        self._service = service
        self.path = f"/push/{name}"

    @property
    def subscription(self) -> dict[str, Any]:
        """Return what `PushSubscription.toJSON()` gives, without its expiry."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _plain(point), "auth": _plain(self._secret)}
        return {"endpoint": f"{self._service.url}{self.path}", "keys": keys}

    def asked(self) -> list[Request]:
        return [request for request in self._service.requests if request.path == self.path]

    def shown(self) -> list[dict[str, Any]]:
        """Decrypt everything that arrived."""
        texts = [
            http_ece.decrypt(request.body, private_key=self._key, auth_secret=self._secret) for request in self.asked()
        ]
        return [json.loads(text) for text in texts]


def checked_proof(request: Request, server_key: str) -> dict[str, Any]:
    """Return the claims of a VAPID header whose signature is good under the server's key."""
    scheme, _, rest = request.headers["Authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", server_key)
    head, claims, signature = parts["t"].split(".")
    raw = _bytes(signature)
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(server_key))
    public.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(_bytes(head)) == {"typ": "JWT", "alg": "ES256"}
    found: dict[str, Any] = json.loads(_bytes(claims))
    return found
