"""Devices that take Web Push: added and removed by their person, reached by jobs."""

import hashlib
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts.public import living_sign_ins
from lyceum.core import audit, jobs, outbound
from lyceum.core.errors import DomainError, FieldError, Invalid, NotFound, Unavailable
from lyceum.core.json import dump
from lyceum.core.mail import address_of_sender
from lyceum.notifications import push_crypto, server_key
from lyceum.notifications.models import Device

log = structlog.get_logger("lyceum.push")
MOST_DEVICES = 20
# What is older says nothing any more: the page tells what is unread.
TTL_SECONDS = int(timedelta(days=1).total_seconds())
# Push services refuse a proof that is good for more than a day.
PROOF_SECONDS = int(timedelta(hours=12).total_seconds())
GONE = (404, 410)
PASSING = (408, 425, 429)


class PushUnavailable(Unavailable):
    """The push service asks to come again, or does not answer."""

    code, title = "push_unavailable", "The push service does not answer."


class PushRefused(DomainError):
    """The push service does not take what is sent."""

    code, title = "push_refused", "The push service does not take this."


def devices_of(user: Any) -> list[Device]:
    """Return where a person is told, the newest first, without browsers whose sign-in has ended."""
    return _living(Device.objects.filter(user=user).order_by("-created_at", "-pk"))


def reachable(user_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the devices of those people who have any."""
    found: dict[UUID, list[UUID]] = {}
    for device in _living(Device.objects.filter(user__in=list(user_ids)).order_by("pk")):
        found.setdefault(device.user_id, []).append(device.pk)
    return found


def _living(rows: Iterable[Device]) -> list[Device]:
    devices = list(rows)
    living = living_sign_ins([one.sign_in_id for one in devices if one.sign_in_id is not None])
    return [one for one in devices if one.sign_in_id is None or one.sign_in_id in living]


@transaction.atomic
def add(
    user: Any, *, endpoint: str, public_key: str, secret: str, sign_in_id: UUID | None, user_agent: str
) -> tuple[Device, bool]:
    """Take a browser's subscription, or take it over as it is now; the flag says whether the device is new."""
    _check_endpoint(endpoint)
    _check_keys(public_key, secret)
    fields = {
        "user": user,
        "sign_in_id": sign_in_id,
        "endpoint": endpoint,
        "public_key": public_key,
        "secret": secret,
        "user_agent": user_agent[:300],
        "refused_with": None,
    }
    name = hashlib.sha256(endpoint.encode()).hexdigest()
    device, is_new = Device.objects.update_or_create(endpoint_hash=name, defaults=fields)
    for old in Device.objects.filter(user=user).order_by("-created_at", "-pk")[MOST_DEVICES:]:
        old.delete()
    if is_new:
        audit.record(user, "push.device_added", device.pk)
    return device, is_new


def _check_endpoint(endpoint: str) -> None:
    try:
        outbound.Guard(settings.OUTBOUND_ALLOWED_HOSTS).check_secure(endpoint)
    except outbound.OutboundRefused as err:
        raise Invalid.field("endpoint", "invalid", str(err.detail)) from err


def _check_keys(public_key: str, secret: str) -> None:
    errors = []
    try:
        push_crypto.read_point(push_crypto.decode(public_key))
    except ValueError:
        errors.append(FieldError("keys.p256dh", "invalid", "Send the key that the browser gave."))
    try:
        is_right = len(push_crypto.decode(secret)) == push_crypto.SECRET_BYTES
    except ValueError:
        is_right = False
    if not is_right:
        errors.append(FieldError("keys.auth", "invalid", "Send the secret that the browser gave."))
    if errors:
        raise Invalid(errors=errors)


def get_for(user: Any, device_id: UUID) -> Device:
    found = Device.objects.filter(user=user, pk=device_id).first()
    if found is None:
        raise NotFound("There is no such device.")
    return found


@transaction.atomic
def remove(user: Any, device_id: UUID) -> None:
    device = get_for(user, device_id)
    device.delete()
    audit.record(user, "push.device_removed", device_id)


def send_test(user: Any, device_id: UUID) -> int:
    """Let the worker tell one device that telling works; returns the job's number."""
    return jobs.enqueue("notifications.push_test", device_id=str(get_for(user, device_id).pk))


def send(device_id: UUID, payload: dict[str, Any], *, topic: UUID | None = None, is_urgent: bool = True) -> None:
    """Tell one device; a message of the same topic replaces the one before it. A device that is gone is forgotten.

    Raises PushUnavailable for what may pass, PushRefused for what will not.
    """
    device = Device.objects.filter(pk=device_id).first()
    if device is None or not _living([device]):
        return
    body = push_crypto.encrypt(
        dump(payload), browser=push_crypto.decode(device.public_key), secret=push_crypto.decode(device.secret)
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(TTL_SECONDS),
        "Urgency": "high" if is_urgent else "normal",
        "Authorization": _proof(device.endpoint),
        **({"Topic": push_crypto.encode(topic.bytes)} if topic is not None else {}),
    }
    answer = outbound.fetch("POST", device.endpoint, headers=headers, body=body)
    _heed(device, answer)


def _proof(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return push_crypto.authorization(
        server_key.private(),
        audience=f"{parts.scheme}://{parts.netloc}",
        contact=f"mailto:{address_of_sender()}",
        expires=int(time.time()) + PROOF_SECONDS,
    )


def _heed(device: Device, answer: outbound.Answer) -> None:
    if answer.status in GONE:
        log.info("device_gone", device=str(device.pk), status=answer.status)
        device.delete()
    elif 200 <= answer.status < 300:
        Device.objects.filter(pk=device.pk).update(last_sent_at=timezone.now(), refused_with=None)
    elif answer.status in PASSING or answer.status >= 500:
        raise PushUnavailable(retry_after=outbound.retry_after(answer.headers))
    else:
        Device.objects.filter(pk=device.pk).update(refused_with=answer.status)
        raise PushRefused(f"The push service answered {answer.status}.")


def forget_ended() -> int:
    """Remove the devices whose sign-in has ended; returns how many."""
    rows = list(Device.objects.exclude(sign_in_id=None))
    living = {one.pk for one in _living(rows)}
    return Device.objects.filter(pk__in=[one.pk for one in rows if one.pk not in living]).delete()[0]
