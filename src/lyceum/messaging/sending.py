"""How messages are stored: any number of drafts in one statement, after one that takes their conversations' locks.

The HTTP door runs both inside a Django transaction, the gateway's writer for all its sockets at once.
"""

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from lyceum.core import events
from lyceum.core.errors import DomainError, Invalid, NotFound
from lyceum.core.ids import uuid7
from lyceum.core.json import dump
from lyceum.core.live import Push, make_push
from lyceum.messaging import hot, shapes
from lyceum.messaging.contracts import MessageSent
from lyceum.messaging.errors import ClientIdReused
from lyceum.messaging.logs import EXCERPT_LENGTH
from lyceum.messaging.mentions import Named, find_mentions

MAX_CONTENT = 8000


class Draft(msgspec.Struct, frozen=True):
    """A message that somebody wants to send; `connection_id` is the socket that needs no echo."""

    conversation_id: UUID
    sender_id: UUID
    content: str
    client_id: str | None = None
    reply_to: UUID | None = None
    connection_id: str = ""
    attachments: tuple[UUID, ...] = ()
    # The objects of the attachments, for frames; they are bound to the message by `attachments.send`.
    files: tuple[dict[str, Any], ...] = ()
    begun_at: float = msgspec.field(default_factory=time.time)

    @property
    def fingerprint(self) -> str:
        """What a repeat under the same `client_id` has to agree in."""
        parts = (self.reply_to or "", *self.attachments, self.content)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


class Sent(msgspec.Struct, frozen=True):
    """A message as it is stored; `is_new` is False for a repeat, which has nothing to push."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    sequence: int
    content: str
    created_at: datetime
    is_new: bool
    pushes: list[Push] = []
    event_id: UUID | None = None
    tail: hot.Entry | None = None


class IsEphemeral(DomainError):
    """The conversation keeps its messages elsewhere."""


def group_of(conversation_id: UUID) -> str:
    return f"conversation:{conversation_id}"


def check_content(content: str, *, has_files: bool = False) -> str:
    """Return the text as it is kept; raises Invalid when it is too long, or empty without files beside it."""
    text = content.replace("\r\n", "\n").strip()
    if not text and not has_files:
        raise Invalid.field("content", "blank", "Write something first.")
    if len(text) > MAX_CONTENT:
        detail = f"A message has at most {MAX_CONTENT} characters."
        raise Invalid.field("content", "too_long", detail)
    return text


# A statement sees what was committed before it began, so the locks are taken by one of their own. In order of the
# ids: two processes never wait for each other. A `client_id` whose time is over is free for another message.
#
# The plans are kept, also from when the tables were small, and have to stay good when they have grown. So whatever is
# looked up is a lateral query with a limit, and what is changed is named by an array: neither can become a scan. The
# numbers of a locked conversation stand still until this transaction ends, so they are counted on from as they are.
LOCK = """
with freed as (
  update messaging_message m set client_id = null
  where m.id = any(array(
    select k.id from unnest(%s::uuid[], %s::uuid[], %s::text[]) as d(conversation_id, sender_id, client_id)
    cross join lateral (
      select id, created_at from messaging_message
      where conversation_id = d.conversation_id and sender_id = d.sender_id and client_id = d.client_id limit 1
    ) k
    where k.created_at < %s))
)
select id from messaging_conversation where id = any(%s) order by id for update
"""
MEMBERS = """
select p.conversation_id, u.id, u.first_name, u.last_name
from messaging_participant p
cross join lateral (select id, first_name, last_name from accounts_user where id = p.user_id limit 1) u
where p.conversation_id = any(%s) order by p.joined_at, p.id
"""

STORE = """
with draft as (
  select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[],
      %s::text[], %s::uuid[])
    with ordinality
    as t(id, event_id, conversation_id, sender_id, client_id, fingerprint, content, metadata, reply_to_id, place)
), placed as (
  select d.*, c.kind, c.retention, c.last_sequence, c.tail_version, p.id as participant_id,
    u.first_name, u.last_name, u.avatar, u.kind as user_kind,
    o.id as original_id, coalesce(o.thread_root_id, o.id) as root_id, o.sequence as original_sequence,
    o.sender_id as original_sender_id, o.deleted_at is not null as is_original_deleted,
    left(o.content, %s) as original_content,
    k.id as known_id, k.sequence as known_sequence, k.content as known_content, k.created_at as known_at,
    k.first_sent_hash as known_print,
    p.id is not null and c.retention = 'permanent' and (d.reply_to_id is null or o.id is not null) and k.id is null
      as is_new
  from draft d
  left join lateral (select * from messaging_conversation where id = d.conversation_id and ended_at is null limit 1) c
    on true
  left join lateral (
    select id, visible_after from messaging_participant
    where conversation_id = d.conversation_id and user_id = d.sender_id and c.id is not null limit 1
  ) p on true
  left join lateral (select * from accounts_user where id = d.sender_id limit 1) u on true
  left join lateral (select * from messaging_message where id = d.reply_to_id limit 1) o
    on o.conversation_id = d.conversation_id and o.sequence > p.visible_after
  left join lateral (
    select * from messaging_message
    where conversation_id = d.conversation_id and sender_id = d.sender_id and client_id = d.client_id limit 1
  ) k on true
), numbered as materialized (
  select p.*,
    p.last_sequence + row_number() over (partition by conversation_id, is_new order by place) as sequence,
    p.tail_version + count(root_id) over (partition by conversation_id, is_new) as new_tail_version,
    row_number() over (partition by root_id, is_new order by place) as thread_step
  from placed p
), fresh as (
  select * from numbered where is_new
), counted as (
  update messaging_conversation c set last_sequence = f.newest, updated_at = %s, tail_version = f.new_tail_version
  from (select conversation_id, max(sequence) as newest, max(new_tail_version) as new_tail_version from fresh
        group by 1) f
  where c.id = f.conversation_id and c.id = any(array(select conversation_id from fresh))
), stored as (
  insert into messaging_message (id, conversation_id, sequence, sender_id, message_type, client_id, first_sent_hash,
    content, metadata, reply_to_id, thread_root_id, created_at, version)
  select id, conversation_id, sequence, sender_id, 'user', client_id, fingerprint, content, metadata::jsonb,
    original_id, root_id, %s, 1
  from fresh
), told as (
  insert into core_outboxevent (id, name, payload, created_at)
  select event_id, 'MessageSent', jsonb_build_object('message_id', id, 'conversation_id', conversation_id,
    'sender_id', sender_id, 'sequence', sequence), %s
  from fresh where %s
), have_read as (
  update messaging_participant p set read_sequence = f.newest, hidden_at = null
  from (select participant_id, max(sequence) as newest from fresh group by 1) f
  where p.id = f.participant_id and p.id = any(array(select participant_id from fresh))
), shown_again as (
  update messaging_participant p set hidden_at = null
  where p.conversation_id = any(array(select conversation_id from fresh where kind = 'direct'))
    and p.hidden_at is not null and p.id <> all(array(select participant_id from fresh))
)
select n.participant_id is not null, n.retention, n.original_id, case when n.is_new then n.sequence end,
  n.first_name, n.last_name, n.avatar, n.user_kind,
  n.root_id, n.thread_step + (
    select count(*) from messaging_message t where t.thread_root_id = n.root_id and t.deleted_at is null),
  n.original_sequence, n.is_original_deleted, left(coalesce(nullif(n.original_content, ''), (
    select string_agg(b.name, ', ' order by b.place) from messaging_attachment b
    where b.message_id = n.original_id), ''), %s),
  n.original_sender_id, u.first_name, u.last_name, u.avatar, u.kind,
  (select array_agg(e.user_id) filter (where e.visible_after < n.original_sequence) from messaging_participant e
   where n.original_id is not null and e.conversation_id = n.conversation_id
   having max(e.visible_after) >= n.original_sequence),
  n.known_id, n.known_sequence, n.known_content, n.known_at, n.known_print, n.new_tail_version
from numbered n
left join lateral (select * from accounts_user where id = n.original_sender_id limit 1) u on true
order by n.place
"""


class Batch:
    """Drafts with the ids and the time that they will have, and what came of them."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self._ids = [uuid7() for _ in drafts]
        self._event_ids = [uuid7() for _ in drafts]
        self._is_heard = events.is_heard(MessageSent)
        self._now = timezone.now()
        self._prints = [draft.fingerprint for draft in drafts]
        self._members: dict[UUID, list[Named]] = {}

    @property
    def lock_parameters(self) -> list[Any]:
        named = [draft for draft in self.drafts if draft.client_id is not None]
        columns: list[Any] = [
            [draft.conversation_id for draft in named],
            [draft.sender_id for draft in named],
            [draft.client_id for draft in named],
        ]
        return [*columns, self._now - shapes.CLIENT_ID_KEPT, list({draft.conversation_id for draft in self.drafts})]

    @property
    def members_parameters(self) -> list[Any] | None:
        """What to ask `MEMBERS` for, None when no draft could mention anybody."""
        asked = {draft.conversation_id for draft in self.drafts if "@" in draft.content}
        return [list(asked)] if asked else None

    def know_members(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for conversation_id, *named in rows:
            self._members.setdefault(conversation_id, []).append((named[0], named[1], named[2]))

    def _metadata(self, draft: Draft) -> dict[str, Any]:
        if "@" not in draft.content:
            return {}
        mentioned = find_mentions(draft.content, self._members.get(draft.conversation_id, []))
        return {"mentions": mentioned} if mentioned else {}

    @property
    def store_parameters(self) -> list[Any]:
        columns = [
            self._ids,
            self._event_ids,
            [draft.conversation_id for draft in self.drafts],
            [draft.sender_id for draft in self.drafts],
            [draft.client_id for draft in self.drafts],
            self._prints,
            [draft.content for draft in self.drafts],
            [dump(self._metadata(draft)).decode() if "@" in draft.content else "{}" for draft in self.drafts],
            [draft.reply_to for draft in self.drafts],
        ]
        return [*columns, EXCERPT_LENGTH, self._now, self._now, self._now, self._is_heard, EXCERPT_LENGTH]

    def outcomes(self, rows: Sequence[tuple[Any, ...]]) -> list[Sent | DomainError]:
        """Say for each draft what it became, or why it did not, from the rows of `STORE`."""
        return [
            self._outcome(place, draft, row) for place, (draft, row) in enumerate(zip(self.drafts, rows, strict=True))
        ]

    def _outcome(self, place: int, draft: Draft, row: tuple[Any, ...]) -> Sent | DomainError:
        is_member, retention, original_id, sequence, *named, root_id, in_thread = row[:10]
        rest = row[10:]
        where, sender = draft.conversation_id, draft.sender_id
        if not is_member:
            return NotFound("There is no such conversation.")
        if retention != "permanent":
            return IsEphemeral()
        if sequence is not None:
            identity, event_id = self._ids[place], self._event_ids[place] if self._is_heard else None
            message = {
                "id": identity,
                "conversation": where,
                "sequence": sequence,
                "client_id": draft.client_id,
                "sender": shapes.named_person(sender, *named),
                "message_type": "user",
                "content": draft.content,
                "timestamp": self._now,
                "reply_to": None,
                "thread": None,
                "attachments": draft.files,
                "reactions": [],
                "edited_at": None,
                "deleted": False,
                "metadata": self._metadata(draft),
            }
            entry = None
            if original_id is None:
                pushes = [_push(draft, message)]
                entry = self._hot_entry(draft, identity, sequence, version=rest[-1])
            else:
                message["thread"] = {"root": root_id, "count": in_thread}
                pushes = _reply_pushes(draft, message, original_id, *rest[:9])
            return Sent(identity, where, sender, sequence, draft.content, self._now, True, pushes, event_id, entry)
        known_id, known_sequence, known_content, known_at, known_print = rest[9:-1]
        if known_id is None:
            return Invalid.field("reply_to", "not_found", "There is no such message to reply to.")
        if known_print != self._prints[place]:
            return ClientIdReused()
        return Sent(known_id, where, sender, known_sequence, known_content, known_at, False)

    def _hot_entry(self, draft: Draft, identity: UUID, sequence: int, *, version: int) -> hot.Entry:
        warm = hot.Warm(
            identity,
            sequence,
            draft.sender_id,
            draft.client_id,
            draft.content,
            self._metadata(draft),
            self._now,
            attachments=list(draft.files),
        )
        return hot.entry(draft.conversation_id, version, warm)


def _push(draft: Draft, message: dict[str, Any], **options: Any) -> Push:
    frame = {"type": "message", "message": message}
    options |= {"exclude": draft.connection_id, "at": draft.begun_at, "sequence": message["sequence"]}
    return make_push(group_of(draft.conversation_id), frame, **options)


def _reply_pushes(
    draft: Draft,
    message: dict[str, Any],
    original_id: UUID,
    sequence: int,
    is_deleted: bool,
    excerpt: str,
    sender_id: UUID | None,
    first_name: str | None,
    last_name: str | None,
    avatar: str | None,
    kind: str | None,
    readers: list[UUID] | None,
) -> list[Push]:
    """Show the original in the frame, and to members who joined after it only that there is one."""
    sender = shapes.named_person(sender_id, first_name, last_name, avatar, kind)
    whole = {**message, "reply_to": shapes.reply(original_id, sequence, sender, "" if is_deleted else excerpt)}
    if readers is None:
        return [_push(draft, whole)]
    bare = {**message, "reply_to": shapes.reply(original_id, sequence, None, None)}
    people = tuple(f"user:{user_id}" for user_id in readers)
    return [_push(draft, whole, only=people), _push(draft, bare, never=people)]
