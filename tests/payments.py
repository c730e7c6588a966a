"""The one who takes payments: tells a running server by a signed message that an order is paid."""

import json
import os
import urllib.error
import urllib.request
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from tests.conftest import PAYMENT_SECRET, Site


def pay(site: Site, order: str, amount: str, *, currency: str = "EUR", message: str = "") -> int:
    """Return the status with which the server answers."""
    said = {"order": order, "amount": amount, "currency": currency}
    body = json.dumps({"type": "order.paid", "timestamp": datetime.now(UTC).isoformat(), "data": said})
    identity, now = message or f"msg_{os.urandom(8).hex()}", datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(PAYMENT_SECRET).sign(identity, now, body),
    }
    request = urllib.request.Request(f"{site.url}/api/v1/orders/payments/", body.encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as err:
        return err.code
