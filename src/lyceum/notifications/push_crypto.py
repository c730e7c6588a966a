"""Web Push on the wire: a message that one browser alone can read, and the proof of who sends it.

RFC 8291 (keys) over RFC 8188 (`aes128gcm`, one record), and VAPID (RFC 8292). No Django, no network.
"""

import base64
import binascii
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT_BYTES, SECRET_BYTES, SALT_BYTES = 65, 16, 16
RECORD_BYTES = 4096
# The record holds the delimiter and the tag of AES-GCM beside the text; push services take 4,096 bytes in all.
MAX_BYTES = RECORD_BYTES - (SALT_BYTES + 4 + 1 + POINT_BYTES) - 1 - 16


def encode(data: bytes) -> str:
    """Write bytes in the URL alphabet of base64, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read what `encode` wrote, or browsers; raises ValueError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except binascii.Error as err:
        raise ValueError("not base64url") from err


def read_point(point: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key in its uncompressed form; raises ValueError for what is no point of P-256."""
    if len(point) != POINT_BYTES:
        raise ValueError("not an uncompressed point of P-256")
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half of a key in its uncompressed form."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypt(
    text: bytes, *, browser: bytes, secret: bytes, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b""
) -> bytes:
    """Encrypt a message for the browser with this public key and this authentication secret.

    The key pair `own` and the salt are new ones for each message; only a test gives them. Raises ValueError for a
    text beyond `MAX_BYTES` or a key that is none.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"a message has at most {MAX_BYTES} bytes")
    own, salt = own or ec.generate_private_key(CURVE), salt or os.urandom(SALT_BYTES)
    shared = own.exchange(ec.ECDH(), read_point(browser))
    keying = _derive(shared, secret, b"WebPush: info\0" + browser + point_of(own), 32)
    key = _derive(keying, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(keying, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!IB", RECORD_BYTES, POINT_BYTES) + point_of(own)
    # 2 marks the last record.
    return head + AESGCM(key).encrypt(nonce, text + b"\x02", None)


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def authorization(key: ec.EllipticCurvePrivateKey, *, audience: str, contact: str, expires: int) -> str:
    """Return the VAPID header: for one push service (its origin), with an address to complain to, until a Unix time."""
    claims = {"aud": audience, "exp": expires, "sub": contact}
    signed = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={encode(point_of(key))}"


def _part(fields: dict[str, object]) -> str:
    return encode(json.dumps(fields, separators=(",", ":")).encode())
