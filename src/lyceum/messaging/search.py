"""Messages and groups as the index holds them; what vanishes is never in it.

Who may read what is asked of the database with each question: memberships, from where on late members see, groups
that ended. New messages are found in their own log, so that sending pays nothing for the index.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lyceum.messaging import attachments
from lyceum.messaging.models import Conversation, Message, Participant, Told
from lyceum.messaging.telling import excerpt, first_id
from lyceum.search import public as search
from lyceum.search.contracts import (
    ID,
    AllOf,
    AnyOf,
    Date,
    Declaration,
    Document,
    Filter,
    IsOneOf,
    Keyword,
    Nothing,
    Number,
    Range,
    Text,
)

MESSAGE, CONVERSATION = "message", "conversation"
AT_ONCE = 5000
EXCERPT = 180
PERMANENT = Conversation.Retention.PERMANENT
# Longer than a send can take from its id to its commit, as for those who are told (`telling.OVERLAP`). Nearly all
# commits come in their order: the last seconds are read again each time, all of the overlap now and then.
OVERLAP, OFTEN, SELDOM_SECONDS = timedelta(seconds=20), timedelta(seconds=2), 10.0
INDEXED = 2


def address(conversation_id: UUID, sequence: int) -> str:
    """Return where Talk opens at a message."""
    return f"/talk/{conversation_id}/?at={sequence}"


def kept_messages() -> QuerySet[Message]:
    """Return what the index holds: what people wrote and did not take back, where it stays."""
    rows = Message.objects.filter(deleted_at=None, conversation__retention=PERMANENT)
    return rows.exclude(message_type="system").order_by("pk")


def load_messages(ids: Sequence[UUID]) -> Iterator[Document]:
    files = attachments.of_messages(list(ids))
    for row in kept_messages().filter(pk__in=ids).select_related("sender"):
        names = [str(file["name"]) for file in files.get(row.pk, [])]
        yield Document(
            row.pk,
            excerpt(row.content, EXCERPT),
            address(row.conversation_id, row.sequence),
            {
                "content": row.content,
                "files": ", ".join(names) or None,
                "conversation": row.conversation_id,
                "sender": row.sender_id,
                "sequence": row.sequence,
                "sent_at": row.created_at,
            },
            language=row.sender.locale if row.sender else "",
        )


def load_conversations(ids: Sequence[UUID]) -> Iterator[Document]:
    for row in _kept_groups().filter(pk__in=ids):
        yield Document(row.pk, row.name or "", f"/talk/{row.pk}/", {"name": row.name})


def _kept_groups() -> QuerySet[Conversation]:
    rows = Conversation.objects.filter(kind=Conversation.Kind.GROUP, retention=PERMANENT, ended_at=None)
    return rows.order_by("pk")


def _ids_of(rows: Callable[[], QuerySet[Any]]) -> Callable[[UUID | None], Iterable[UUID]]:
    def ids(after: UUID | None) -> Iterator[UUID]:
        while chunk := _above(rows(), after):
            yield from chunk
            after = chunk[-1]

    return ids


def _above(rows: QuerySet[Any], after: UUID | None) -> list[UUID]:
    found = rows if after is None else rows.filter(pk__gt=after)
    return list(found.values_list("pk", flat=True)[:AT_ONCE])


def _places(asker: Any) -> QuerySet[Participant]:
    return Participant.objects.filter(user=asker.pk, conversation__ended_at=None, conversation__retention=PERMANENT)


def visible_messages(asker: Any) -> Filter:
    """Let through what the asker may read now: of a conversation all of it, or what came after they did."""
    if asker is None:
        return Nothing()
    places = list(_places(asker).values_list("conversation_id", "visible_after"))
    whole = tuple(str(where) for where, floor in places if not floor)
    late: list[Filter] = [
        AllOf((IsOneOf("conversation", (str(where),)), Range("sequence", above=floor)))
        for where, floor in places
        if floor
    ]
    return AnyOf((IsOneOf("conversation", whole), *late))


def visible_conversations(asker: Any) -> Filter:
    if asker is None:
        return Nothing()
    return IsOneOf(ID, tuple(_places(asker).values_list("conversation_id", flat=True)))


MESSAGES = Declaration(
    kind=MESSAGE,
    fields=(
        Text("content"),
        Text("files", by_language=False),
        Keyword("conversation"),
        Keyword("sender"),
        Number("sequence"),
        Date("sent_at"),
    ),
    load=load_messages,
    ids=_ids_of(kept_messages),
    visible=visible_messages,
)
CONVERSATIONS = Declaration(
    kind=CONVERSATION,
    fields=(Text("name", by_language=False),),
    load=load_conversations,
    ids=_ids_of(_kept_groups),
    visible=visible_conversations,
)


def touch_messages(ids: Iterable[UUID]) -> None:
    """Have messages looked at again by the index, in the caller's transaction."""
    remaining = iter(ids)
    while chunk := list(islice(remaining, AT_ONCE)):
        search.changed(MESSAGE, chunk)


def touch_conversation(conversation_id: UUID) -> None:
    search.changed(CONVERSATION, [conversation_id])


class Follower:
    """Tells the index of messages that are new in their log; one process does it."""

    def __init__(self) -> None:
        self._seen: dict[UUID, None] = {}
        self._read_all_at = float("-inf")

    def follow(self) -> int:
        """Look for new messages once more; returns how many there were."""
        now = timezone.now()
        with transaction.atomic():
            Told.objects.get_or_create(pk=INDEXED, defaults={"up_to": now})
            mark = Told.objects.select_for_update(skip_locked=True).filter(pk=INDEXED).first()
            if mark is None:
                return 0
            found = [one for one in self._ids_since(mark.up_to) if one not in self._seen]
            touch_messages(found)
            Told.objects.filter(pk=INDEXED).update(up_to=max(now, mark.up_to))
        self._remember(found, now)
        return len(found)

    def _ids_since(self, moment: datetime) -> Iterator[UUID]:
        is_seldom = time.monotonic() - self._read_all_at > SELDOM_SECONDS
        if is_seldom:
            self._read_all_at = time.monotonic()
        above: UUID | None = first_id(moment - (OVERLAP if is_seldom else OFTEN))
        while chunk := _above(Message.objects.order_by("pk"), above):
            yield from chunk
            above = chunk[-1]

    def _remember(self, found: Sequence[UUID], now: datetime) -> None:
        oldest = first_id(now - 2 * OVERLAP)
        self._seen = {one: None for one in (*self._seen, *found) if one > oldest}


search.declare(CONVERSATIONS)
search.declare(MESSAGES)
search.follow(Follower().follow)
