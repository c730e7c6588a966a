"""The messages of a conversation as one member may see them, wherever they are kept."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from lyceum.messaging.models import Message, Participant, Reaction

Reactions = list[dict[str, Any]]


class Details(NamedTuple):
    """What messages carry beside their rows: reactions by emoji with their people, and living replies by root."""

    reactions: dict[UUID, Reactions]
    replies: dict[UUID, int]


class Log(Protocol):
    """One member's view. `floor` is the last sequence hidden from the member, `gone` the last hidden from everybody.

    Lists come in rising order of their sequence. What changes a message is called under a lock (see `services`).
    """

    @property
    def floor(self) -> int: ...

    @property
    def gone(self) -> int: ...

    def get(self, message_id: UUID) -> Message | None: ...

    def run(self, *, above: int = 0, below: int | None = None, limit: int, newest: bool = False) -> list[Message]:
        """Return at most `limit` messages between two sequences, the oldest of them or the newest."""
        ...

    def thread(self, root_id: UUID, limit: int) -> list[Message]: ...

    def changed(self, up_to: int, since: datetime, limit: int) -> list[Message]:
        """Return messages up to a sequence that were edited, deleted or reacted to since then, by that time."""
        ...

    def count(self) -> int: ...

    def details(self, rows: Sequence[Message]) -> Details: ...

    def edit(self, row: Message, content: str) -> None: ...

    def erase(self, row: Message) -> None:
        """Take the text and the reactions away; the place stays."""
        ...

    def react(self, row: Message, user_id: UUID, emoji: str, *, add: bool) -> bool:
        """Add a reaction or take it back; says whether that changed anything."""
        ...


class PermanentLog:
    """PostgreSQL is the truth."""

    gone = 0

    def __init__(self, participant: Participant) -> None:
        self.floor = participant.visible_after
        self._rows = Message.objects.filter(
            conversation=participant.conversation_id, sequence__gt=self.floor
        ).select_related("sender", "reply_to__sender")

    def get(self, message_id: UUID) -> Message | None:
        return self._rows.filter(pk=message_id).first()

    def run(self, *, above: int = 0, below: int | None = None, limit: int, newest: bool = False) -> list[Message]:
        rows: QuerySet[Message] = self._rows.filter(sequence__gt=above)
        if below is not None:
            rows = rows.filter(sequence__lt=below)
        if newest:
            return list(rows.order_by("-sequence")[:limit])[::-1]
        return list(rows.order_by("sequence")[:limit])

    def thread(self, root_id: UUID, limit: int) -> list[Message]:
        return list(self._rows.filter(thread_root=root_id).order_by("sequence")[:limit])

    def changed(self, up_to: int, since: datetime, limit: int) -> list[Message]:
        rows = self._rows.filter(sequence__lte=up_to, changed_at__gte=since)
        return list(rows.order_by("changed_at")[:limit])

    def count(self) -> int:
        return self._rows.count()

    def details(self, rows: Sequence[Message]) -> Details:
        return stored_details(rows, self.floor)

    def edit(self, row: Message, content: str) -> None:
        now = timezone.now()
        row.content, row.edited_at, row.changed_at, row.version = content, now, now, row.version + 1
        row.save(update_fields=["content", "edited_at", "changed_at", "version"])

    def erase(self, row: Message) -> None:
        now = timezone.now()
        row.content, row.deleted_at, row.changed_at, row.version = "", now, now, row.version + 1
        row.save(update_fields=["content", "deleted_at", "changed_at", "version"])
        row.reactions.all().delete()

    def react(self, row: Message, user_id: UUID, emoji: str, *, add: bool) -> bool:
        if add:
            _, has_changed = Reaction.objects.get_or_create(message=row, user_id=user_id, emoji=emoji)
        else:
            has_changed = bool(row.reactions.filter(user=user_id, emoji=emoji).delete()[0])
        if has_changed:
            Message.objects.filter(pk=row.pk).update(changed_at=timezone.now())
        return has_changed


def stored_details(rows: Sequence[Message], floor: int = 0) -> Details:
    """Read the details of rows of PostgreSQL, of any conversations, in two queries."""
    replies: dict[UUID, int] = defaultdict(int)
    roots = {row.thread_root_id or row.pk for row in rows}
    threads = Message.objects.filter(thread_root_id__in=roots, deleted_at=None, sequence__gt=floor)
    for root_id in threads.values_list("thread_root_id", flat=True):
        replies[root_id] += 1
    return Details(_reactions(row.pk for row in rows), replies)


def _reactions(message_ids: Iterable[UUID]) -> dict[UUID, Reactions]:
    """Group reactions by emoji in the order of their first use."""
    grouped: dict[UUID, dict[str, list[UUID]]] = defaultdict(dict)
    rows = Reaction.objects.filter(message_id__in=list(message_ids)).order_by("created_at", "pk")
    for message_id, emoji, user_id in rows.values_list("message_id", "emoji", "user_id"):
        grouped[message_id].setdefault(emoji, []).append(user_id)
    return {
        message_id: [{"emoji": emoji, "users": users} for emoji, users in emojis.items()]
        for message_id, emojis in grouped.items()
    }
