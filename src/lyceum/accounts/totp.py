"""Codes by time (RFC 6238: SHA-1, six digits, 30 seconds), as the apps on people's phones make them."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

PERIOD_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
# A phone's clock may be one step behind or before ours.
DRIFT_STEPS = 1
ISSUER = "Lyceum"


def make_secret() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(seconds: float) -> int:
    return int(seconds // PERIOD_SECONDS)


def code_of(secret: str, step: int) -> str:
    """Return the code of one step of time."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, *, now: float, after: int) -> int | None:
    """Return the step whose code this is, of those near `now` and later than `after`; None where there is none."""
    here = step_at(now)
    near = range(max(here - DRIFT_STEPS, after + 1), here + DRIFT_STEPS + 1)
    # Each is compared, so that the time taken tells nothing.
    found = [step for step in near if hmac.compare_digest(code_of(secret, step).encode(), code.encode())]
    return found[0] if found else None


def address_of(secret: str, account: str, host: str) -> str:
    """Return the otpauth address that an app reads from the picture; how codes are made is what apps take for usual."""
    issuer = f"{ISSUER} ({host})"
    values = {"secret": secret, "issuer": issuer}
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{urlencode(values, quote_via=quote)}"


def picture_of(address: str) -> str:
    """Return an address as a QR code in SVG: dark on light in any theme, without a style of its own."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(address)
    code.make(fit=True)
    rows = code.get_matrix()
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    side = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{squares}"/></svg>'
    )
