from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from lyceum.core import presence
from lyceum.core.errors import NotFound
from lyceum.messaging import ephemeral, shapes
from lyceum.messaging.ephemeral import EphemeralLog
from lyceum.messaging.logs import Log, PermanentLog, stored_details
from lyceum.messaging.models import Conversation, Message, Participant

ENDED_KEPT = timedelta(days=30)
# Sequences are gapless, and whoever sends has read up to there: so only what is never unread has to be visited.
UNREAD = """
select p.conversation_id, greatest(0, c.last_sequence - greatest(p.read_sequence, p.joined_after)) - (
  select count(*) from messaging_message m
  where m.conversation_id = p.conversation_id and m.sequence > greatest(p.read_sequence, p.joined_after)
    and (m.deleted_at is not null or m.message_type = 'system')),
  c.retention = 'ephemeral', greatest(p.read_sequence, p.joined_after), c.last_sequence
from messaging_participant p join messaging_conversation c on c.id = p.conversation_id
where p.user_id = %s and p.conversation_id = any(%s)
"""


def visible_conversations(user_id: UUID) -> QuerySet[Conversation]:
    return Conversation.objects.filter(participants__user=user_id, participants__hidden_at=None, ended_at=None)


def ended_conversations(user_id: UUID) -> QuerySet[Conversation]:
    """Groups that were ended for all, for their owners, who may restore them for 30 days."""
    since = timezone.now() - ENDED_KEPT
    return Conversation.objects.filter(
        participants__user=user_id, participants__role=Participant.Role.OWNER, ended_at__gt=since
    )


def contacts(user_id: UUID) -> QuerySet[Participant]:
    """Return the places of others in the person's conversations; those who share one are told of each other."""
    mine = Participant.objects.filter(user=user_id, conversation__ended_at=None).values("conversation_id")
    return Participant.objects.filter(conversation__in=mine).exclude(user=user_id)


def present(people: QuerySet[Participant]) -> list[tuple[UUID, str]]:
    """Return who of them is here and shows it, each once, with their state."""
    shown = people.filter(user__show_presence=True).order_by().values_list("user_id", flat=True).distinct()
    return [(user_id, state) for user_id, state in presence.states(shown).items() if state != "offline"]


def shows_typing(user_id: UUID, conversation_id: UUID) -> bool:
    """Say whether the member lets others see that they type; raises NotFound for strangers."""
    rows = Participant.objects.filter(user=user_id, conversation=conversation_id, conversation__ended_at=None)
    found = rows.values_list("user__show_typing", flat=True).first()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


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


def log_of(participant: Participant, users: dict[UUID, Any] | None = None) -> Log:
    """Return the participant's view of the conversation's messages; `users` are people who are known already."""
    if participant.conversation.retention == Conversation.Retention.EPHEMERAL:
        return EphemeralLog(participant, users)
    return PermanentLog(participant)


def get_message_for(log: Log, message_id: UUID) -> Message:
    found = log.get(message_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


def shaped(log: Log, rows: Sequence[Message], viewer: UUID) -> list[dict[str, Any]]:
    """Make message objects for the member whose view this is."""
    return shapes.messages(rows, log.details(rows), viewer=viewer, floor=log.floor)


def framed(log: Log, rows: Sequence[Message], floor: int) -> list[dict[str, Any]]:
    """Make message objects for frames, showing nothing up to a sequence."""
    return shapes.messages(rows, log.details(rows), viewer=None, floor=floor)


def unread_counts(user_id: UUID, conversation_ids: Sequence[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(UNREAD, [user_id, list(conversation_ids)])
        rows = cursor.fetchall()
    counts = {conversation_id: count for conversation_id, count, *_ in rows}
    marks = [(where, mark, last) for where, _, is_ephemeral, mark, last in rows if is_ephemeral]
    return counts | ephemeral.unread_counts(user_id, marks)


def unread_total(user_id: UUID) -> int:
    """Count what is unread in the person's list, without what they muted."""
    rows = Participant.objects.filter(user=user_id, hidden_at=None, conversation__ended_at=None)
    behind = rows.exclude(notifications="none").filter(conversation__last_sequence__gt=F("read_sequence"))
    ids = list(behind.values_list("conversation_id", flat=True))
    return sum(unread_counts(user_id, ids).values()) if ids else 0


def describe(user_id: UUID, rows: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Make conversation objects for one reader in a fixed number of queries."""
    ids = [row.pk for row in rows]
    mine = {p.conversation_id: p for p in Participant.objects.filter(user=user_id, conversation__in=ids)}
    people, unread, last = _people(ids), unread_counts(user_id, ids), _last_messages(rows, mine)
    return [
        shapes.conversation(
            row, mine=mine[row.pk], people=people[row.pk], last=last.get(row.pk), unread=unread.get(row.pk, 0)
        )
        for row in rows
    ]


def _people(ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Read participants as objects of the contract; a page may have thousands, so without rows of the model."""
    people: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    members = Participant.objects.filter(conversation__in=ids).order_by("joined_at", "pk")
    columns = ("user_id", "user__first_name", "user__last_name", "user__avatar", "user__kind")
    for where, role, read_sequence, *named in members.values_list("conversation_id", "role", "read_sequence", *columns):
        people[where].append({**shapes.named_person(*named), "role": role, "read_sequence": read_sequence})
    return people


def _last_messages(rows: Sequence[Conversation], mine: dict[UUID, Participant]) -> dict[UUID, dict[str, Any]]:
    last: dict[UUID, dict[str, Any]] = {}
    permanent = []
    for row in rows:
        participant = mine[row.pk]
        if row.last_sequence <= participant.visible_after:
            continue
        if row.retention == Conversation.Retention.PERMANENT:
            permanent.append((row.pk, row.last_sequence))
            continue
        participant.conversation = row
        log = log_of(participant)
        last.update((row.pk, message) for message in shaped(log, log.run(limit=1, newest=True), participant.user_id))
    found = _messages_at(permanent)
    floors = {where: participant.visible_after for where, participant in mine.items()}
    details = stored_details(found, floors)
    for message in found:
        where = message.conversation_id
        [last[where]] = shapes.messages([message], details, viewer=mine[where].user_id, floor=floors[where])
    return last


def _messages_at(places: Sequence[tuple[UUID, int]]) -> list[Message]:
    """Read the messages at these numbers of conversations."""
    if not places:
        return []
    rows = Message.objects.extra(  # constant text; the pairs are parameters
        where=[
            "(messaging_message.conversation_id, messaging_message.sequence)"
            " in (select * from unnest(%s::uuid[], %s::bigint[]))"
        ],
        params=[[place[0] for place in places], [place[1] for place in places]],
    )
    return list(rows.select_related("sender", "reply_to__sender"))


def message_page(
    log: Log, viewer: UUID, *, before: int | None, after: int | None, around: int | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Cut a page in rising order; the flag says whether there is more in the direction of reading."""
    if around is not None:
        half = limit // 2
        older = log.run(below=around, limit=half, newest=True)
        newer = log.run(above=around - 1, limit=limit - half + 1)
        found = shaped(log, older + newer, viewer)
        return found[:limit] if len(newer) > limit - half else found, len(newer) > limit - half
    if after is not None:
        found = shaped(log, log.run(above=after, below=before, limit=limit + 1), viewer)
        return found[:limit], len(found) > limit
    found = shaped(log, log.run(below=before, limit=limit + 1, newest=True), viewer)
    return found[-limit:], len(found) > limit
