from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from lyceum.core.errors import NotFound
from lyceum.messaging import shapes
from lyceum.messaging.models import Conversation, Message, Participant

# One index range scan for each conversation, for all asked conversations in one statement.
UNREAD = """
select p.conversation_id, (
  select count(*) from messaging_message m
  where m.conversation_id = p.conversation_id and m.sequence > greatest(p.read_sequence, p.joined_after)
    and m.deleted_at is null and m.sender_id is distinct from p.user_id and m.message_type <> 'system')
from messaging_participant p where p.user_id = %s and p.conversation_id = any(%s)
"""


def visible_conversations(user_id: UUID) -> QuerySet[Conversation]:
    return Conversation.objects.filter(participants__user=user_id, participants__hidden_at=None, ended_at=None)


def ended_conversations(user_id: UUID) -> QuerySet[Conversation]:
    """Groups that were ended for all, for their owners, who may restore them."""
    return Conversation.objects.filter(
        participants__user=user_id, participants__role=Participant.Role.OWNER, ended_at__isnull=False
    )


def get_participant_for(user_id: UUID, conversation_id: UUID, *, lock: bool = False) -> Participant:
    """Return the person's place in a living conversation, with it; raises NotFound for strangers."""
    rows = Participant.objects.select_related("conversation")
    if lock:
        rows = rows.select_for_update(of=("self",))
    try:
        return rows.get(user=user_id, conversation=conversation_id, conversation__ended_at=None)
    except Participant.DoesNotExist as err:
        raise NotFound("There is no such conversation.") from err


def lock_conversation_for(user_id: UUID, conversation_id: UUID) -> tuple[Conversation, Participant]:
    """Take the conversation's row lock and return it with the person's place; raises NotFound."""
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id, ended_at=None).first()
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation, get_participant_for(user_id, conversation_id)


def visible_messages(participant: Participant) -> QuerySet[Message]:
    return Message.objects.filter(
        conversation=participant.conversation_id, sequence__gt=participant.visible_after
    ).select_related("sender", "reply_to__sender")


def get_message_for(participant: Participant, message_id: UUID) -> Message:
    try:
        return visible_messages(participant).get(pk=message_id)
    except Message.DoesNotExist as err:
        raise NotFound("There is no such message.") from err


def unread_counts(user_id: UUID, conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(UNREAD, [user_id, list(conversation_ids)])
        return {row[0]: row[1] for row in cursor.fetchall()}


def describe(user_id: UUID, rows: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Make conversation objects for one reader in a fixed number of queries."""
    ids = [row.pk for row in rows]
    people: dict[UUID, list[Participant]] = defaultdict(list)
    members = Participant.objects.filter(conversation__in=ids).select_related("user").order_by("joined_at", "pk")
    for member in members:
        people[member.conversation_id].append(member)
    mine = {i: next(p for p in people[i] if p.user_id == user_id) for i in ids}
    unread = unread_counts(user_id, ids)
    last = _last_messages(user_id, rows, mine)
    return [
        shapes.conversation(
            row, mine=mine[row.pk], people=people[row.pk], last=last.get(row.pk), unread=unread.get(row.pk, 0)
        )
        for row in rows
    ]


def _last_messages(
    user_id: UUID, rows: Sequence[Conversation], mine: dict[UUID, Participant]
) -> dict[UUID, dict[str, Any]]:
    pairs = [(row.pk, row.last_sequence) for row in rows if row.last_sequence > mine[row.pk].visible_after]
    newest = Message.objects.extra(  # constant text; the pairs are parameters
        where=[
            "(messaging_message.conversation_id, messaging_message.sequence)"
            " in (select * from unnest(%s::uuid[], %s::bigint[]))"
        ],
        params=[[pair[0] for pair in pairs], [pair[1] for pair in pairs]],
    )
    found = list(newest.select_related("sender", "reply_to__sender"))
    return {message["conversation"]: message for message in shapes.messages(found, viewer=user_id)}


def message_page(
    participant: Participant, *, before: int | None, after: int | None, around: int | None, limit: int
) -> tuple[list[Message], bool]:
    """Cut a page in rising order; the flag says whether there is more in the direction of reading."""
    rows = visible_messages(participant)
    if around is not None:
        half = limit // 2
        older = list(rows.filter(sequence__lt=around).order_by("-sequence")[:half])[::-1]
        newer = list(rows.filter(sequence__gte=around).order_by("sequence")[: limit - half + 1])
        has_more = len(newer) > limit - half
        return older + newer[: limit - half], has_more
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    if after is not None:
        found = list(rows.filter(sequence__gt=after).order_by("sequence")[: limit + 1])
        return found[:limit], len(found) > limit
    found = list(rows.order_by("-sequence")[: limit + 1])
    return found[:limit][::-1], len(found) > limit
