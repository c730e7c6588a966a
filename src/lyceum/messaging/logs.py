"""The messages of a conversation as one member may see them, wherever they are kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import F, QuerySet
from django.utils import timezone

from lyceum.messaging import attachments, hot
from lyceum.messaging.models import Conversation, Message, Participant, Reaction

EXCERPT_LENGTH = 140
Reactions = list[dict[str, Any]]


class Details(NamedTuple):
    """What messages carry beside their rows: reactions by emoji with their people, living replies by root, files."""

    reactions: dict[UUID, Reactions]
    replies: dict[UUID, int]
    attachments: dict[UUID, attachments.Files]


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

    def edit(self, row: Message, content: str, mentions: list[UUID]) -> None: ...

    def erase(self, row: Message) -> None:
        """Take the text and the reactions away; the place stays."""
        ...

    def react(self, row: Message, user_id: UUID, emoji: str, *, add: bool) -> bool:
        """Add a reaction or take it back; says whether that changed anything."""
        ...

    def touch(self, row: Message) -> None:
        """Note that what belongs to it has changed, for who was away."""
        ...


class PermanentLog:
    """PostgreSQL is the truth; the newest messages come from the hot tail where it holds all of them."""

    gone = 0

    def __init__(self, participant: Participant) -> None:
        conversation = participant.conversation
        self.floor = participant.visible_after
        self._conversation_id, self._last = conversation.pk, conversation.last_sequence
        self._version = conversation.tail_version
        self._warm: dict[UUID, hot.Warm] = {}
        self._rows = Message.objects.filter(conversation=conversation.pk, sequence__gt=self.floor).select_related(
            "sender", "reply_to__sender"
        )

    def get(self, message_id: UUID) -> Message | None:
        return self._rows.filter(pk=message_id).first()

    def run(self, *, above: int = 0, below: int | None = None, limit: int, newest: bool = False) -> list[Message]:
        above = max(above, self.floor)
        if below is None and (newest or self._last - above <= limit):
            found = self._run_hot(max(above, self._last - limit) + 1)
            if found is not None:
                return found
        rows: QuerySet[Message] = self._rows.filter(sequence__gt=above)
        if below is not None:
            rows = rows.filter(sequence__lt=below)
        if newest:
            return list(rows.order_by("-sequence")[:limit])[::-1]
        return list(rows.order_by("sequence")[:limit])

    def _run_hot(self, low: int) -> list[Message] | None:
        if low > self._last:
            return []
        found = hot.read(self._conversation_id, self._version, low, self._last)
        # Replies that this member may not see are in the counts.
        if found is None or (self.floor and any(warm.thread_count for warm in found)):
            return None
        people = {warm.sender for warm in found} | {warm.reply[2] for warm in found if warm.reply}
        users: dict[UUID | None, Any] = {**get_user_model().objects.in_bulk([one for one in people if one is not None])}
        self._warm.update((warm.id, warm) for warm in found)
        return [_thaw(self._conversation_id, warm, users) for warm in found]

    def thread(self, root_id: UUID, limit: int) -> list[Message]:
        return list(self._rows.filter(thread_root=root_id).order_by("sequence")[:limit])

    def changed(self, up_to: int, since: datetime, limit: int) -> list[Message]:
        rows = self._rows.filter(sequence__lte=up_to, changed_at__gte=since)
        return list(rows.order_by("changed_at")[:limit])

    def count(self) -> int:
        return self._rows.count()

    def details(self, rows: Sequence[Message]) -> Details:
        if rows and all(row.pk in self._warm for row in rows):
            warm = [self._warm[row.pk] for row in rows]
            reactions = {w.id: [{"emoji": e, "users": users} for e, users in w.reactions] for w in warm}
            counts = {w.thread_root or w.id: w.thread_count for w in warm}
            return Details(reactions, counts, {w.id: w.attachments for w in warm})
        found = stored_details(rows, {self._conversation_id: self.floor})
        self._fill(rows, found)
        return found

    def _fill(self, rows: Sequence[Message], details: Details) -> None:
        """Keep what was read up to the end for the next reader; who does not see all cannot count threads for all."""
        is_end = (
            bool(rows) and rows[-1].sequence >= self._last and rows[-1].sequence - rows[0].sequence == len(rows) - 1
        )
        if is_end and not self.floor and len(rows) > 1:
            hot.fill(self._conversation_id, self._version, [_freeze(row, details) for row in rows])

    def _count_change(self) -> None:
        Conversation.objects.filter(pk=self._conversation_id).update(tail_version=F("tail_version") + 1)

    def edit(self, row: Message, content: str, mentions: list[UUID]) -> None:
        now = timezone.now()
        row.content, row.edited_at, row.changed_at, row.version = content, now, now, row.version + 1
        row.metadata = {"mentions": [str(person) for person in mentions]} if mentions else {}
        row.save(update_fields=["content", "metadata", "edited_at", "changed_at", "version"])
        self._count_change()

    def erase(self, row: Message) -> None:
        now = timezone.now()
        row.content, row.deleted_at, row.changed_at, row.version = "", now, now, row.version + 1
        row.metadata = {}
        row.save(update_fields=["content", "metadata", "deleted_at", "changed_at", "version"])
        row.reactions.all().delete()
        self._count_change()

    def react(self, row: Message, user_id: UUID, emoji: str, *, add: bool) -> bool:
        if add:
            _, has_changed = Reaction.objects.get_or_create(message=row, user_id=user_id, emoji=emoji)
        else:
            has_changed = bool(row.reactions.filter(user=user_id, emoji=emoji).delete()[0])
        if has_changed:
            self.touch(row)
        return has_changed

    def touch(self, row: Message) -> None:
        Message.objects.filter(pk=row.pk).update(changed_at=timezone.now())
        self._count_change()


def _freeze(row: Message, details: Details) -> hot.Warm:
    original = row.reply_to
    excerpt = ""
    if original is not None and not original.deleted_at:
        text = original.content or attachments.words(details.attachments.get(original.pk, []))
        excerpt = text[:EXCERPT_LENGTH]
    return hot.Warm(
        row.pk,
        row.sequence,
        row.sender_id,
        row.client_id,
        row.content,
        row.metadata,
        row.created_at,
        message_type=row.message_type,
        version=row.version,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        changed_at=row.changed_at,
        reply=None if original is None else (original.pk, original.sequence, original.sender_id, excerpt),
        thread_root=row.thread_root_id,
        thread_count=details.replies.get(row.thread_root_id or row.pk, 0),
        reactions=[(found["emoji"], found["users"]) for found in details.reactions.get(row.pk, [])],
        attachments=details.attachments.get(row.pk, []),
    )


def _thaw(conversation_id: UUID, warm: hot.Warm, users: Mapping[UUID | None, Any]) -> Message:
    """Make a row that is never saved, for those who read rows."""
    reply_to = None
    if warm.reply is not None:
        identity, sequence, sender, excerpt = warm.reply
        reply_to = Message(pk=identity, sequence=sequence, sender=users.get(sender), content=excerpt)
    return Message(
        pk=warm.id,
        conversation_id=conversation_id,
        sequence=warm.sequence,
        sender=users.get(warm.sender),
        message_type=warm.message_type,
        client_id=warm.client_id,
        content=warm.content,
        metadata=warm.metadata,
        reply_to=reply_to,
        thread_root_id=warm.thread_root,
        created_at=warm.created_at,
        changed_at=warm.changed_at,
        edited_at=warm.edited_at,
        deleted_at=warm.deleted_at,
        version=warm.version,
    )


def stored_details(rows: Sequence[Message], floors: Mapping[UUID, int]) -> Details:
    """Read the details of rows of PostgreSQL, of any conversations, in three queries.

    Replies up to the floor of their conversation are hidden from the reader and not counted.
    """
    replies: dict[UUID, int] = defaultdict(int)
    roots = {row.thread_root_id or row.pk for row in rows}
    threads = Message.objects.filter(thread_root_id__in=roots, deleted_at=None)
    for root, where, sequence in threads.values_list("thread_root_id", "conversation_id", "sequence"):
        if root is not None and sequence > floors.get(where, 0):
            replies[root] += 1
    ids = [row.pk for row in rows]
    return Details(_reactions(ids), replies, attachments.of_messages([*ids, *wordless_originals(rows)]))


def wordless_originals(rows: Sequence[Message]) -> list[UUID]:
    """Name what is replied to and has no text: its excerpt is the names of its files."""
    originals = [row.reply_to for row in rows if row.reply_to is not None]
    return [original.pk for original in originals if not original.content and not original.deleted_at]


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
