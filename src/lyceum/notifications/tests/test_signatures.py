"""Signatures of what comes in, made by code of other people, and spoilt in every part."""

from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook as Sender

from lyceum.notifications.signatures import NotSigned, is_secret, new_secret, verify

SECRET, OLD = new_secret(), new_secret()
NOW = 1_790_000_000.0
BODY = b'{"type":"order.paid"}'


def signed(*, secret: str = SECRET, at: float = NOW, identity: str = "msg_1", body: bytes = BODY) -> dict[str, str]:
    moment = datetime.fromtimestamp(at, UTC)
    return {
        "Webhook-Id": identity,
        "Webhook-Timestamp": str(int(at)),
        "Webhook-Signature": Sender(secret).sign(identity, moment, body.decode()),
    }


def test_what_others_sign_is_taken_with_any_secret_in_use() -> None:
    assert verify([SECRET], signed(), BODY, now=NOW) == "msg_1"
    assert verify([SECRET, OLD], signed(secret=OLD), BODY, now=NOW) == "msg_1"
    two = {**signed(), "Webhook-Signature": f"v1a,other v1,bad {signed()['Webhook-Signature']}"}
    assert verify([SECRET], two, BODY, now=NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    assert verify([SECRET], signed(at=NOW + seconds), BODY, now=NOW) == "msg_1"
    with pytest.raises(NotSigned):
        verify([SECRET], signed(at=NOW + seconds * 2), BODY, now=NOW)


SPOILT = {
    "another body": {},
    "another id": {"Webhook-Id": "msg_2"},
    "no id": {"Webhook-Id": ""},
    "another time": {"Webhook-Timestamp": str(int(NOW) + 1)},
    "no time": {"Webhook-Timestamp": "now"},
    "a time in other digits": {"Webhook-Timestamp": "١٧٩٠٠٠٠٠٠٠"},
    "a time beyond all": {"Webhook-Timestamp": "9" * 400},
    "no signature": {"Webhook-Signature": ""},
    "no version": {"Webhook-Signature": signed()["Webhook-Signature"].removeprefix("v1,")},
    "another version": {"Webhook-Signature": signed()["Webhook-Signature"].replace("v1,", "v2,")},
    "letters of no alphabet": {"Webhook-Signature": "v1,\ud800é"},
    "another secret": {"Webhook-Signature": signed(secret=OLD)["Webhook-Signature"]},
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_spoilt_is_refused(how: str) -> None:
    body = BODY + b" " if how == "another body" else BODY
    with pytest.raises(NotSigned):
        verify([SECRET], {**signed(), **SPOILT[how]}, body, now=NOW)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(NotSigned):
        verify([], signed(), BODY, now=NOW)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%"])
def test_what_is_no_secret_is_known(text: str) -> None:
    assert not is_secret(text)
    assert not is_secret(SECRET.removeprefix("whsec_"))
    assert is_secret(SECRET)
