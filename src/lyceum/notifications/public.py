"""What other parts may ask of notifications: to reach people, in the way that each of them chose."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from lyceum.notifications import devices, preferences


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


__all__ = ["Notice", "Wishes", "push", "reachable", "wishes_of"]
