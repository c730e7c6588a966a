"""The bytes of Web Push, held against the example of RFC 8291 and an implementation of other people."""

import os

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lyceum.notifications import push_crypto
from lyceum.notifications.push_crypto import decode, encode

# RFC 8291, section 5 and appendix A.
BROWSER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
SERVER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_to_the_byte() -> None:
    own = ec.derive_private_key(int.from_bytes(decode(SERVER_PRIVATE), "big"), push_crypto.CURVE)
    found = push_crypto.encrypt(
        b"When I grow up, I want to be a watermelon",
        browser=decode(BROWSER_PUBLIC),
        secret=decode(SECRET),
        own=own,
        salt=decode(SALT),
    )
    assert encode(found) == MESSAGE


@pytest.mark.parametrize("length", [0, 1, 100, push_crypto.MAX_BYTES])
def test_another_implementation_reads_what_is_sent(length: int) -> None:
    browser, secret, text = ec.generate_private_key(push_crypto.CURVE), os.urandom(16), os.urandom(length)
    sent = push_crypto.encrypt(text, browser=push_crypto.point_of(browser), secret=secret)
    assert http_ece.decrypt(sent, private_key=browser, auth_secret=secret) == text
    assert len(sent) <= 4096
    assert sent != push_crypto.encrypt(text, browser=push_crypto.point_of(browser), secret=secret)


def test_what_does_not_fit_or_is_no_key_is_refused() -> None:
    secret = os.urandom(16)
    with pytest.raises(ValueError, match="at most"):
        push_crypto.encrypt(b"x" * (push_crypto.MAX_BYTES + 1), browser=decode(BROWSER_PUBLIC), secret=secret)
    for point in (b"", decode(BROWSER_PUBLIC)[:-1], b"\x04" + b"\x01" * 64, b"\x02" + decode(BROWSER_PUBLIC)[1:]):
        with pytest.raises(ValueError):
            push_crypto.encrypt(b"x", browser=point, secret=secret)
    with pytest.raises(ValueError):
        decode("not base64url!")
