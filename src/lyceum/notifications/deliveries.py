"""Deliveries to webhooks: each fact at least once, for three days, then put aside for somebody to send again."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lyceum.core import jobs, outbound, sealing
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.ids import uuid7
from lyceum.core.json import dump
from lyceum.notifications import signatures, webhook_events, webhooks
from lyceum.notifications.models import Delivery, Webhook

log = structlog.get_logger("lyceum.webhooks")
# The waits after each failed try, in seconds: nearly three days in all.
WAITS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 72000)
TOTAL_SECONDS = 5.0
MOST_BYTES = 64 * 1024
KEPT = timedelta(days=30)
AT_ONCE = 200
# A job that was taken and lost is taken again after this.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Fact:
    """Something that happened, by ids alone; `event_id` is the same whenever it is told."""

    event_id: UUID
    data: dict[str, Any]
    happened_at: datetime
    scope: UUID | None = None


def announce(event: str, facts: Sequence[Fact]) -> None:
    """Note facts for all webhooks that hear such; what was noted before stays as it is."""
    hearing = list(Webhook.objects.filter(is_enabled=True, events__contains=[event]))
    rows = [_row(webhook, event, fact) for webhook in hearing for fact in facts]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _row(webhook: Webhook, event: str, fact: Fact) -> Delivery:
    return Delivery(
        webhook=webhook,
        event_id=fact.event_id,
        event=event,
        scope=fact.scope,
        data=fact.data,
        happened_at=fact.happened_at,
    )


@transaction.atomic
def start_due() -> int:
    """Queue a job for each delivery whose time has come; returns how many."""
    now = timezone.now()
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now, webhook__is_enabled=True)
    due = list(waiting.select_for_update(of=("self",), skip_locked=True).order_by("due_at")[:AT_ONCE])
    Delivery.objects.filter(pk__in=[one.pk for one in due]).update(due_at=now + LEASE)
    for one in due:
        jobs.enqueue("notifications.deliver", delivery_id=str(one.pk))
    return len(due)


def deliver(delivery_id: UUID) -> None:
    """Try one delivery, once, and note what came of it."""
    delivery = Delivery.objects.select_related("webhook").filter(pk=delivery_id, state=Delivery.State.WAITING).first()
    if delivery is None or not delivery.webhook.is_enabled:
        return
    body = dump({"type": delivery.event, "timestamp": delivery.happened_at, "data": _data(delivery)})
    try:
        headers = _headers(delivery, body)
        url = delivery.webhook.url
        answer = outbound.fetch("POST", url, headers=headers, body=body, within=TOTAL_SECONDS, max_bytes=MOST_BYTES)
    except outbound.OutboundRefused as err:
        _failed(delivery, error=err.for_operators)
    except outbound.OutboundFailed as err:
        _failed(delivery, error=str(err.detail))
    except sealing.Unreadable:
        _failed(delivery, error="The secret cannot be read. Make another one.")
    else:
        _answered(delivery, answer)


def _data(delivery: Delivery) -> dict[str, Any]:
    """Return the ids of a fact, and its texts where an owner of the place said that this webhook may have them."""
    kind = webhook_events.get(delivery.event)
    if kind is None or kind.texts is None or delivery.scope is None:
        return dict(delivery.data)
    may = webhooks.may_have_texts(delivery.webhook_id, delivery.scope)
    return {**delivery.data, **(kind.texts(delivery.data) if may else {})}


def message_id(delivery: Delivery) -> str:
    return f"msg_{delivery.event_id.hex}"


def _headers(delivery: Delivery, body: bytes) -> dict[str, str]:
    now, identity = int(time.time()), message_id(delivery)
    signed = [
        signatures.sign(secret, message_id=identity, timestamp=now, body=body)
        for secret in webhooks.secrets_of(delivery.webhook)
    ]
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signed),
    }


def _answered(delivery: Delivery, answer: outbound.Answer) -> None:
    if 200 <= answer.status < 300:
        _end(delivery, Delivery.State.DELIVERED, status=answer.status)
        Webhook.objects.filter(pk=delivery.webhook_id).exclude(failing_since=None).update(failing_since=None)
        return
    _failed(delivery, status=answer.status, at_least=outbound.retry_after(answer.headers) or 0)
    if answer.status == 410:
        _disable(delivery.webhook, "gone")


def _end(delivery: Delivery, state: str, **came_of_it: Any) -> None:
    fields = {"status": None, "error": "", **came_of_it, "tries": delivery.tries + 1, "ended_at": timezone.now()}
    Delivery.objects.filter(pk=delivery.pk).update(state=state, **fields)


@transaction.atomic
def _failed(delivery: Delivery, *, status: int | None = None, error: str = "", at_least: float = 0) -> None:
    """Put the next try off, ever longer; after the last one put the delivery aside."""
    now = timezone.now()
    log.info("webhook_failed", delivery=str(delivery.pk), status=status, tries=delivery.tries + 1)
    Webhook.objects.filter(pk=delivery.webhook_id, failing_since=None).update(failing_since=now)
    if delivery.tries >= len(WAITS):
        _end(delivery, Delivery.State.FAILED, status=status, error=error[:200])
        if not _has_taken_since(delivery.webhook_id, delivery.created_at):
            _disable(delivery.webhook, "failing")
        return
    wait = max(WAITS[delivery.tries], min(at_least, max(WAITS))) * random.uniform(1, 1.1)  # noqa: S311
    Delivery.objects.filter(pk=delivery.pk).update(
        tries=delivery.tries + 1, due_at=now + timedelta(seconds=wait), status=status, error=error[:200]
    )


def _has_taken_since(webhook_id: UUID, since: datetime) -> bool:
    return Delivery.objects.filter(webhook=webhook_id, state=Delivery.State.DELIVERED, ended_at__gt=since).exists()


@transaction.atomic
def _disable(webhook: Webhook, why: str) -> None:
    if webhooks.disable(webhook.pk, why=why):
        jobs.enqueue("notifications.mail_disabled", webhook_id=str(webhook.pk), why=why)


def send_test(webhook_id: UUID) -> Delivery:
    """Queue a delivery that says nothing but that it comes from here."""
    fact = Fact(uuid7(), {}, timezone.now())
    made = _row(webhooks.get(webhook_id), webhook_events.TEST, fact)
    made.save()
    return made


def of(webhook_id: UUID, *, state: str | None = None) -> QuerySet[Delivery]:
    """Return a webhook's deliveries, or those in one state."""
    rows = Delivery.objects.filter(webhook=webhooks.get(webhook_id))
    if state is None:
        return rows
    if state not in Delivery.State.values:
        raise Invalid.field("state", "invalid", f"Choose one of: {', '.join(Delivery.State.values)}.")
    return rows.filter(state=state)


@transaction.atomic
def send_again(webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """Begin afresh with a delivery, under the id that it had; whatever came of it before."""
    found = Delivery.objects.select_for_update().filter(webhook=webhook_id, pk=delivery_id).first()
    if found is None:
        raise NotFound("There is no such delivery.")
    found.state, found.tries, found.due_at, found.ended_at = Delivery.State.WAITING, 0, timezone.now(), None
    found.save(update_fields=["state", "tries", "due_at", "ended_at"])
    return found


def forget_old() -> int:
    """Remove what is over, or has waited for a webhook that stayed off; returns how many."""
    return Delivery.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
