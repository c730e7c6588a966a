"""What other parts may ask of notifications: to reach people, in the way that each of them chose."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lyceum.notifications import deliveries, devices, digests, preferences, webhook_events, webhook_places, webhooks
from lyceum.notifications.deliveries import Fact
from lyceum.notifications.digests import Entry as DigestEntry
from lyceum.notifications.digests import Section as DigestSection
from lyceum.notifications.digests import Source as DigestSource
from lyceum.notifications.receivers import fact_of
from lyceum.notifications.signatures import NotSigned
from lyceum.notifications.signatures import verify as verify_signature
from lyceum.notifications.webhook_places import Place


@dataclass(frozen=True)
class Wishes:
    """What a person wants to be told on devices: the text too, and of groups also what mentions nobody."""

    show_text: bool
    group_messages: bool


@dataclass(frozen=True)
class Notice:
    """What a device shows. `topic` is what it is about: a newer notice of the same topic takes its place."""

    title: str
    body: str
    url: str
    topic: UUID
    unread: int
    is_urgent: bool = True


def wishes_of(user_id: UUID) -> Wishes:
    found = preferences.of(user_id)
    return Wishes(found.show_text, found.group_messages)


def reachable(user_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the ids of the devices of those people who have any."""
    return devices.reachable(user_ids)


def push(device_id: UUID, notice: Notice) -> None:
    """Show a notice on a device, from within a job; raises Unavailable for what is worth another try."""
    payload = {
        "title": notice.title,
        "body": notice.body,
        "url": notice.url,
        "tag": str(notice.topic),
        "unread": notice.unread,
    }
    devices.send(device_id, payload, topic=notice.topic, is_urgent=notice.is_urgent)


@dataclass(frozen=True)
class Listener:
    """A webhook as those see it whose texts it has: where it leads, without what may be secret in the address."""

    id: UUID
    description: str
    host: str


def declare_digest(source: DigestSource) -> None:
    """Register what has something to say in digests."""
    digests.declare(source)


def declare_event(name: str, meaning: object, *, texts: webhook_events.Texts | None = None) -> None:
    """Register a kind of fact for webhooks; `texts` reads what only those get who were attached to its place."""
    webhook_events.declare(name, meaning, texts=texts)


def announce(event: str, facts: Sequence[Fact]) -> None:
    """Let webhooks hear of facts; the same fact again is told once."""
    deliveries.announce(event, facts)


def attach(webhook_id: UUID, scope: UUID, *, actor: Any) -> None:
    """Let a webhook have the texts of a place whose owner the actor is; raises NotFound."""
    webhooks.attach(webhook_id, scope, actor=actor)


def detach(webhook_id: UUID, scope: UUID, *, actor: Any) -> None:
    webhooks.detach(webhook_id, scope, actor=actor)


def withdraw(scope: UUID, *, allowed_by: UUID) -> None:
    """End what somebody allowed webhooks in a place that they have left."""
    webhooks.withdraw(scope, allowed_by=allowed_by)


def forget_places(scopes: Collection[UUID]) -> None:
    """Forget what webhooks were allowed in places that are gone."""
    webhooks.forget(scopes)


def declare_places(found: webhook_places.Places) -> None:
    """Register the one who knows the places whose texts webhooks may have."""
    webhook_places.declare(found)


def attached(scope: UUID) -> list[Listener]:
    return [Listener(one.pk, one.description, urlsplit(one.url).hostname or "") for one in webhooks.attached(scope)]


__all__ = [
    "DigestEntry",
    "DigestSection",
    "DigestSource",
    "Fact",
    "Listener",
    "NotSigned",
    "Notice",
    "Place",
    "Wishes",
    "announce",
    "attach",
    "attached",
    "declare_digest",
    "declare_event",
    "declare_places",
    "detach",
    "fact_of",
    "forget_places",
    "push",
    "reachable",
    "verify_signature",
    "wishes_of",
    "withdraw",
]
