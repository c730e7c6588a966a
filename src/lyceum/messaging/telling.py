"""Telling people on their devices of what they have not read, and webhooks of what was written.

Kept messages are found in their own log, up to a few seconds ago: sending pays nothing for it, and who reads along is
not told. Ids rise with the time of sending, but commits may overtake each other, so the last seconds are read again;
each member's `told_sequence` makes that harmless.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core import jobs
from lyceum.core.errors import NotFound, Unavailable
from lyceum.messaging import attachments, ephemeral, selectors
from lyceum.messaging.models import Conversation, Message, Participant, Told
from lyceum.messaging.receivers import message_data
from lyceum.notifications import public as notifications

log = structlog.get_logger("lyceum.telling")
# How long a person who reads along has for it.
GRACE = timedelta(seconds=4)
# Longer than a send can take from its id to its commit: three statements of at most five seconds.
OVERLAP = timedelta(seconds=20)
AT_ONCE = 5000
# Who has so much unread is told of it all the same.
LOOK_BACK = 200
EXCERPT = 140


class New(NamedTuple):
    """A kept message that was found in the log."""

    id: UUID
    conversation_id: UUID
    sequence: int
    sender_id: UUID | None
    created_at: datetime


def tell() -> None:
    """Look for new messages once more; one process does it at a time."""
    until = timezone.now() - GRACE
    with transaction.atomic():
        Told.objects.get_or_create(pk=1, defaults={"up_to": until})
        mark = Told.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        if mark is None:
            return
        for found in _new_messages(mark.up_to - OVERLAP, until):
            notifications.announce("message.created", [_fact(one) for one in found])
            _queue({one.conversation_id for one in found})
        Told.objects.filter(pk=1).update(up_to=max(until, mark.up_to))
    try:
        moved = ephemeral.take_moved(until)
    except Unavailable:
        return
    with transaction.atomic():
        _queue(moved)


def first_id(at: datetime) -> UUID:
    """Return what is below every id made from a moment on."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def _new_messages(since: datetime, until: datetime) -> Iterator[list[New]]:
    rows = Message.objects.filter(pk__lt=first_id(until), message_type="user").order_by("pk")
    columns = ("pk", "conversation_id", "sequence", "sender_id", "created_at")
    above = first_id(since)
    while found := [New(*row) for row in rows.filter(pk__gt=above).values_list(*columns)[:AT_ONCE]]:
        yield found
        above = found[-1].id


def _fact(message: New) -> notifications.Fact:
    """Make what webhooks hear; no message that vanishes is among them."""
    data = message_data(message.id, message.conversation_id, message.sequence)
    sender = str(message.sender_id) if message.sender_id is not None else None
    return notifications.Fact(message.id, {**data, "sender": sender}, message.created_at, message.conversation_id)


def _queue(conversation_ids: Collection[UUID]) -> None:
    """Queue a job for each device of those who have something to be told of in these conversations."""
    if not conversation_ids:
        return
    behind = (
        Participant.objects.filter(
            conversation__in=conversation_ids, conversation__ended_at=None, user__is_active=True, user__kind="user"
        )
        .exclude(notifications="none")
        .filter(conversation__last_sequence__gt=F("read_sequence"))
        .filter(conversation__last_sequence__gt=F("told_sequence"))
        .select_related("conversation")
    )
    members = list(behind)
    devices = notifications.reachable({member.user_id for member in members})
    for member in members:
        if member.user_id in devices:
            _queue_for(member, devices[member.user_id])


def _queue_for(member: Participant, devices: list[UUID]) -> None:
    last, told = member.conversation.last_sequence, member.told_sequence
    Participant.objects.filter(pk=member.pk).update(told_sequence=last)
    if not notable(member, above=told, up_to=last):
        return
    for device_id in devices:
        jobs.enqueue(
            "messaging.push",
            device_id=str(device_id),
            user_id=str(member.user_id),
            conversation_id=str(member.conversation_id),
            sequence=last,
        )


def notable(member: Participant, *, above: int, up_to: int) -> list[Message]:
    """Return the messages between two numbers that the member has not read and wants to be told of, oldest first."""
    above = max(above, member.read_sequence, member.joined_after)
    wants_all = _wants_all(member)
    rows = selectors.log_of(member).run(above=above, below=up_to + 1, limit=LOOK_BACK, newest=True)
    return [row for row in rows if _is_others(row, member) and (wants_all or _mentions(row, member.user_id))]


def _wants_all(member: Participant) -> bool:
    """Say whether messages that mention nobody count: in direct conversations, and in groups for who asked for it."""
    if member.notifications != "all":
        return False
    is_direct = member.conversation.kind == Conversation.Kind.DIRECT
    return is_direct or notifications.wishes_of(member.user_id).group_messages


def _is_others(row: Message, member: Participant) -> bool:
    return row.deleted_at is None and row.message_type != "system" and row.sender_id != member.user_id


def _mentions(row: Message, user_id: UUID) -> bool:
    return str(user_id) in map(str, row.metadata.get("mentions", ()))


def push(device_id: UUID, *, user_id: UUID, conversation_id: UUID, sequence: int) -> None:
    """Tell a device what is unread in a conversation now, up to a number; nothing when it was read meanwhile."""
    try:
        member = selectors.get_participant_for(user_id, conversation_id)
    except NotFound:
        return
    found = notable(member, above=0, up_to=sequence) if member.notifications != "none" else []
    if not found:
        return
    with translation.override(member.user.locale):
        notice = _notice(member, found)
    notifications.push(device_id, notice)


def _notice(member: Participant, found: list[Message]) -> notifications.Notice:
    newest, conversation = found[-1], member.conversation
    is_direct = conversation.kind == Conversation.Kind.DIRECT
    who = str(newest.sender or _("Deleted person"))
    return notifications.Notice(
        title=who if is_direct else _("%(who)s in %(group)s") % {"who": who, "group": conversation.name},
        body=_words(member, found),
        url=f"/talk/{conversation.pk}/",
        topic=conversation.pk,
        unread=selectors.unread_total(member.user_id),
        is_urgent=is_direct or _mentions(newest, member.user_id),
    )


def _words(member: Participant, found: list[Message]) -> str:
    """Say what there is: the newest text where it may be shown, else how much."""
    is_kept = member.conversation.retention == Conversation.Retention.PERMANENT
    if is_kept and notifications.wishes_of(member.user_id).show_text:
        return words_of(found[-1], EXCERPT)
    count = len(found)
    if is_kept:
        return ngettext("%d new message", "%d new messages", count) % count
    return ngettext("%d new message that vanishes", "%d new messages that vanish", count) % count


def words_of(message: Message, most: int) -> str:
    """Return an excerpt of a message, or the names of its files where it has no text."""
    return excerpt(
        message.content or attachments.words(attachments.of_messages([message.pk]).get(message.pk, [])), most
    )


def excerpt(text: str, most: int) -> str:
    """Return a text on one line, cut at a word where it is long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut[most // 2 :] else cut}…"
