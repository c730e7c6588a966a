"""A device that makes passkeys, in software: it signs what a browser would let it sign, and what one would not."""

import os
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

FLAG = AuthenticatorData.FLAG
NONE = FLAG(0)


@dataclass
class Authenticator:
    """Holds one passkey; its counter rises with each use unless it is set, and 0 stands for one that does not count."""

    origin: str = "http://localhost"
    counts: bool = True
    is_verified: bool = True
    counter: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user_handle: bytes = b""
    rp_id: str = ""

    def _data(self, more: FLAG = NONE, attested: bytes = b"") -> AuthenticatorData:
        self.counter += self.counts
        flags = FLAG.UP | more | (FLAG.UV if self.is_verified else NONE)
        rp_id_hash = sha256(self.rp_id.encode()).digest()
        return AuthenticatorData(rp_id_hash + struct.pack(">BI", flags, self.counter) + attested)

    def create(self, public_key: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        self.rp_id, self.user_handle = public_key["rp"]["id"], websafe_decode(public_key["user"]["id"])
        cose = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        attested = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, cose)
        client = CollectedClientData.create("webauthn.create", public_key["challenge"], self.origin)
        attestation = AttestationObject.create("none", self._data(FLAG.AT, attested), {})
        response = {"attestationObject": websafe_encode(attestation), "transports": ["internal", "hybrid"]}
        return self._credential(client, **response)

    def get(self, public_key: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        client = CollectedClientData.create("webauthn.get", public_key["challenge"], self.origin)
        data = self._data()
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        return self._credential(
            client,
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
            userHandle=websafe_encode(self.user_handle),
        )

    def _credential(self, client: CollectedClientData, **response: Any) -> dict[str, Any]:
        identity = websafe_encode(self.credential_id)
        return {
            "id": identity,
            "rawId": identity,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {"clientDataJSON": websafe_encode(client), **response},
        }
