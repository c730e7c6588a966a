"""Ephemeral conversations: their messages live in Valkey alone, each until its time is over.

PostgreSQL's row of the conversation still gives the numbers, under its lock: what Valkey holds above that row's
`last_sequence` belongs to a send that was not committed, and is not shown. Keys of one conversation:

- `log`: a sorted set of `<id>|<sender>` scored by sequence; a deleted message stands there without its sender
- `thread:<root>`: the same for the replies of one thread
- `changed`: ids scored by the time of their last change
- `message:<id>`: the message, and `client:<sender>:<client_id>`: the id that it was given

Every key ends by itself, a message's with it and a set with its newest message.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.core.errors import Unavailable
from lyceum.messaging import attachments
from lyceum.messaging.logs import Details, wordless_originals
from lyceum.messaging.models import Message, Participant

TRIM_AT_ONCE = 100
# Conversations with a message that nobody was told of on devices, by its time.
MOVED = "ephemeral-moved"


class Kept(msgspec.Struct):
    """A message as it stands in Valkey."""

    id: UUID
    sequence: int
    sender: UUID
    content: str
    client_id: str | None
    fingerprint: str
    created_at: datetime
    reply_to: UUID | None = None
    reply_sequence: int = 0
    thread_root: UUID | None = None
    changed_at: datetime | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    version: int = 1
    reactions: list[tuple[str, list[UUID]]] = []
    mentions: list[UUID] = []

    @property
    def member(self) -> str:
        return f"{self.id}|{'' if self.deleted_at else self.sender}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def life() -> timedelta:
    return timedelta(hours=settings.EPHEMERAL_HOURS)


def _is_alive(member: bytes) -> bool:
    """Read the time of sending out of the id, a UUIDv7."""
    sent_at = UUID(member[:36].decode()).int >> 80
    return sent_at / 1000 + life().total_seconds() > timezone.now().timestamp()


def take_moved(before: datetime) -> set[UUID]:
    """Return the conversations whose last message is older than that and was not asked for yet."""
    with _reachable():
        pipeline = valkey.connection().pipeline()
        pipeline.zrangebyscore(valkey.key(MOVED), "-inf", before.timestamp())
        pipeline.zremrangebyscore(valkey.key(MOVED), "-inf", before.timestamp())
        found = pipeline.execute()[0]
    return {UUID(member.decode()) for member in found}


def _key(conversation_id: UUID, *parts: object) -> str:
    return valkey.key("ephemeral", conversation_id, *parts)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except RedisError as err:
        raise Unavailable("Messages of ephemeral conversations cannot be reached now.") from err


class EphemeralLog:
    """A `Log` over Valkey. `users` may be shared by several, so that nobody is read twice."""

    def __init__(self, participant: Participant, users: dict[UUID, Any] | None = None) -> None:
        self.conversation_id = participant.conversation_id
        self.last = participant.conversation.last_sequence
        self._users = {} if users is None else users
        self._kept: dict[UUID, Kept] = {}
        self._valkey: Any = valkey.connection()  # its types cannot say that answers are bytes
        with _reachable():
            self.gone = self._trim()
        self.floor = max(self.gone, participant.visible_after)

    def _key(self, *parts: object) -> str:
        return _key(self.conversation_id, *parts)

    def _trim(self) -> int:
        """Drop places whose messages' time is over; returns the last sequence that is gone."""
        log = self._key("log")
        while first := self._valkey.zrange(log, 0, TRIM_AT_ONCE - 1, withscores=True):
            over = [sequence for member, sequence in first if not _is_alive(member)]
            if over:
                self._valkey.zremrangebyscore(log, "-inf", over[-1])
            if len(over) < len(first):
                return int(first[len(over)][1]) - 1
        return self.last

    def _load(self, ids: Iterable[UUID]) -> list[Kept]:
        missing = [identity for identity in dict.fromkeys(ids) if identity not in self._kept]
        with _reachable():
            found = self._valkey.mget([self._key("message", identity) for identity in missing]) if missing else []
        for text in found:
            if text is not None:
                kept = _decode(text)
                self._kept[kept.id] = kept
        return [self._kept[identity] for identity in ids if identity in self._kept]

    def _rows(self, ids: Sequence[UUID]) -> list[Message]:
        found = [kept for kept in self._load(ids) if self.floor < kept.sequence <= self.last]
        originals = {kept.id: kept for kept in self._load([kept.reply_to for kept in found if kept.reply_to])}
        people = {kept.sender for kept in (*found, *originals.values())} - self._users.keys()
        if people:
            self._users.update(get_user_model().objects.in_bulk(people))
        rows = []
        for kept in found:
            row = self._row(kept)
            if kept.reply_to is not None:
                original = originals.get(kept.reply_to)
                row.reply_to = (
                    self._row(original) if original else Message(pk=kept.reply_to, sequence=kept.reply_sequence)
                )
            rows.append(row)
        return rows

    def _row(self, kept: Kept) -> Message:
        """Make a row that is never saved, for those who read rows."""
        return Message(
            pk=kept.id,
            conversation_id=self.conversation_id,
            sequence=kept.sequence,
            sender=self._users.get(kept.sender),
            client_id=kept.client_id,
            content=kept.content,
            metadata={"mentions": kept.mentions} if kept.mentions else {},
            thread_root_id=kept.thread_root,
            created_at=kept.created_at,
            changed_at=kept.changed_at,
            edited_at=kept.edited_at,
            deleted_at=kept.deleted_at,
            version=kept.version,
        )

    def _ids(self, members: Iterable[bytes]) -> list[UUID]:
        return [UUID(member[:36].decode()) for member in members]

    def get(self, message_id: UUID) -> Message | None:
        rows = self._rows([message_id])
        return rows[0] if rows else None

    def run(self, *, above: int = 0, below: int | None = None, limit: int, newest: bool = False) -> list[Message]:
        low = f"({max(above, self.floor)}"
        high = self.last if below is None else min(self.last, below - 1)
        with _reachable():
            if newest:
                members = self._valkey.zrevrangebyscore(self._key("log"), high, low, 0, limit)[::-1]
            else:
                members = self._valkey.zrangebyscore(self._key("log"), low, high, 0, limit)
        return self._rows(self._ids(members))

    def thread(self, root_id: UUID, limit: int) -> list[Message]:
        with _reachable():
            found = self._valkey.zrangebyscore(self._key("thread", root_id), f"({self.floor}", self.last, 0, limit)
        return self._rows(self._ids(found))

    def changed(self, up_to: int, since: datetime, limit: int) -> list[Message]:
        with _reachable():
            found = self._valkey.zrangebyscore(self._key("changed"), since.timestamp(), "+inf")
        return [row for row in self._rows(self._ids(found)) if row.sequence <= up_to][:limit]

    def count(self) -> int:
        with _reachable():
            return int(self._valkey.zcount(self._key("log"), f"({self.floor}", self.last))

    def details(self, rows: Sequence[Message]) -> Details:
        reactions = {
            row.pk: [{"emoji": emoji, "users": users} for emoji, users in self._kept[row.pk].reactions] for row in rows
        }
        roots = list({row.thread_root_id or row.pk for row in rows})
        with _reachable():
            pipeline = self._valkey.pipeline(transaction=False)
            for root_id in roots:
                pipeline.zrangebyscore(self._key("thread", root_id), f"({self.floor}", self.last)
            replies = [sum(not member.endswith(b"|") for member in found) for found in pipeline.execute()]
        files = attachments.of_messages([*(row.pk for row in rows), *wordless_originals(rows)])
        return Details(reactions, dict(zip(roots, replies, strict=True)), files)

    def repeated(self, sender_id: UUID, client_id: str | None) -> Kept | None:
        """Find what a sender sent before under this `client_id`."""
        if client_id is None:
            return None
        with _reachable():
            known = self._valkey.get(self._key("client", sender_id, client_id))
        found = self._load(self._ids([known])) if known else []
        return next((kept for kept in found if kept.sequence <= self.last), None)

    def add(self, kept: Kept) -> Message:
        """Write the message that gets the next number; the caller commits that number, under its lock."""
        self._forget_uncommitted()
        ends = kept.created_at + life()
        with _reachable():
            pipeline = self._valkey.pipeline()
            pipeline.set(self._key("message", kept.id), _encode(kept), pxat=ends)
            places = [self._key("log")]
            if kept.client_id is not None:
                pipeline.set(self._key("client", kept.sender, kept.client_id), str(kept.id), pxat=ends)
            if kept.thread_root is not None:
                places.append(self._key("thread", kept.thread_root))
            for place in places:
                pipeline.zadd(place, {kept.member: kept.sequence})
                pipeline.pexpireat(place, ends)
            pipeline.zadd(valkey.key(MOVED), {str(self.conversation_id): kept.created_at.timestamp()})
            pipeline.execute()
        self.last = kept.sequence
        self._kept[kept.id] = kept
        return self._rows([kept.id])[0]

    def _forget_uncommitted(self) -> None:
        with _reachable():
            members = self._valkey.zrangebyscore(self._key("log"), f"({self.last}", "+inf")
            if not members:
                return
            pipeline = self._valkey.pipeline()
            for kept in self._load(self._ids(members)):
                pipeline.delete(self._key("message", kept.id))
                if kept.thread_root is not None:
                    pipeline.zremrangebyscore(self._key("thread", kept.thread_root), f"({self.last}", "+inf")
            pipeline.zremrangebyscore(self._key("log"), f"({self.last}", "+inf")
            pipeline.execute()

    def edit(self, row: Message, content: str, mentions: list[UUID]) -> None:
        kept = self._kept[row.pk]
        before, now = kept.member, timezone.now()
        kept.content, kept.edited_at, kept.changed_at, kept.version = content, now, now, kept.version + 1
        kept.mentions, row.metadata = mentions, {"mentions": mentions} if mentions else {}
        row.content, row.edited_at, row.changed_at, row.version = content, now, now, kept.version
        self._save(kept, before)

    def erase(self, row: Message) -> None:
        kept = self._kept[row.pk]
        before, now = kept.member, timezone.now()
        kept.content, kept.deleted_at, kept.changed_at, kept.version = "", now, now, kept.version + 1
        kept.reactions = []
        row.content, row.deleted_at, row.changed_at, row.version = "", now, now, kept.version
        self._save(kept, before)

    def react(self, row: Message, user_id: UUID, emoji: str, *, add: bool) -> bool:
        kept = self._kept[row.pk]
        users = dict(kept.reactions)
        if (user_id in users.get(emoji, [])) == add:
            return False
        if add:
            users.setdefault(emoji, []).append(user_id)
        else:
            users[emoji].remove(user_id)
        kept.reactions = [(sign, people) for sign, people in users.items() if people]
        self.touch(row)
        return True

    def touch(self, row: Message) -> None:
        kept = self._kept[row.pk]
        kept.changed_at = timezone.now()
        self._save(kept, kept.member)

    def _save(self, kept: Kept, before: str) -> None:
        assert kept.changed_at is not None
        ends = kept.created_at + life()
        with _reachable():
            pipeline = self._valkey.pipeline()
            pipeline.set(self._key("message", kept.id), _encode(kept), pxat=ends)
            pipeline.zadd(self._key("changed"), {str(kept.id): kept.changed_at.timestamp()})
            pipeline.pexpireat(self._key("changed"), kept.changed_at + life())
            if kept.member != before:
                places = [self._key("log")]
                if kept.thread_root is not None:
                    places.append(self._key("thread", kept.thread_root))
                for place in places:
                    pipeline.zrem(place, before)
                    pipeline.zadd(place, {kept.member: kept.sequence})
                    pipeline.pexpireat(place, ends, nx=True)
            pipeline.execute()


def unread_counts(user_id: UUID, marks: Sequence[tuple[UUID, int, int]]) -> dict[UUID, int]:
    """Count living messages of others, by conversation; a mark is its id, what was read and its last sequence."""
    if not marks:
        return {}
    with _reachable():
        pipeline = valkey.connection().pipeline(transaction=False)
        for conversation_id, has_read, last in marks:
            pipeline.zrangebyscore(_key(conversation_id, "log"), f"({has_read}", last)
        found = pipeline.execute()
    counts: Counter[UUID] = Counter()
    mine = f"|{user_id}".encode()
    for (conversation_id, _, _), members in zip(marks, found, strict=True):
        counts[conversation_id] = sum(not m.endswith((mine, b"|")) and _is_alive(m) for m in members)
    return counts


def forget(conversation_id: UUID) -> None:
    """Take everything of a conversation out of Valkey."""
    client = valkey.connection()
    with _reachable():
        for found in client.scan_iter(f"{_key(conversation_id)}:*", count=1000):
            client.delete(found)
