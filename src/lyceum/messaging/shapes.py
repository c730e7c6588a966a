"""The contract's objects, made from rows: person, message, conversation."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from lyceum.messaging.models import Conversation, Message, Participant, Reaction

EXCERPT_LENGTH = 140
REACTION_USERS = 20


def person(user: Any) -> dict[str, Any]:
    if user is None:
        return named_person(None, None, None)
    return named_person(user.pk, user.first_name, user.last_name)


def named_person(user_id: UUID | None, first_name: str | None, last_name: str | None) -> dict[str, Any]:
    name = f"{first_name} {last_name}" if user_id is not None else "Deleted person"
    return {"id": user_id, "name": name, "kind": "user", "avatar": None}


def reactions_by_message(message_ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Group reactions by emoji in the order of their first use, with their people, in one query."""
    grouped: dict[UUID, dict[str, list[UUID]]] = defaultdict(dict)
    rows = Reaction.objects.filter(message_id__in=list(message_ids)).order_by("created_at", "pk")
    for message_id, emoji, user_id in rows.values_list("message_id", "emoji", "user_id"):
        grouped[message_id].setdefault(emoji, []).append(user_id)
    return {
        message_id: [{"emoji": emoji, "users": users} for emoji, users in emojis.items()]
        for message_id, emojis in grouped.items()
    }


def reactions_for(found: list[dict[str, Any]], viewer: UUID | None) -> list[dict[str, Any]]:
    """Tell reactions to a viewer with `mine`, or to everybody with the first 20 people."""
    if viewer is None:
        return [{"emoji": r["emoji"], "count": len(r["users"]), "users": r["users"][:REACTION_USERS]} for r in found]
    return [{"emoji": r["emoji"], "count": len(r["users"]), "mine": viewer in r["users"]} for r in found]


def reply(original_id: UUID, sequence: int, sender: dict[str, Any] | None, excerpt: str | None) -> dict[str, Any]:
    return {"id": original_id, "sequence": sequence, "sender": sender, "excerpt": excerpt}


def _reply_of(row: Message, visible_after: int) -> dict[str, Any] | None:
    original = row.reply_to
    if original is None:
        return None
    if original.sequence <= visible_after:
        return reply(original.pk, original.sequence, None, None)
    text = "" if original.deleted_at else original.content
    return reply(original.pk, original.sequence, person(original.sender), text[:EXCERPT_LENGTH])


def messages(rows: Sequence[Message], *, viewer: UUID | None, visible_after: int = 0) -> list[dict[str, Any]]:
    """Make message objects in three queries for any number of rows; `viewer` None is for frames."""
    reactions = reactions_by_message(row.pk for row in rows)
    roots = {row.thread_root_id or row.pk for row in rows}
    counts: dict[UUID, int] = defaultdict(int)
    threads = Message.objects.filter(thread_root_id__in=roots, deleted_at=None, sequence__gt=visible_after)
    for root_id in threads.values_list("thread_root_id", flat=True):
        counts[root_id] += 1
    return [
        {
            "id": row.pk,
            "conversation": row.conversation_id,
            "sequence": row.sequence,
            "client_id": row.client_id,
            "sender": person(row.sender),
            "message_type": row.message_type,
            "content": "" if row.deleted_at else row.content,
            "timestamp": row.created_at,
            "reply_to": _reply_of(row, visible_after),
            "thread": _thread(row, counts),
            "attachments": [],
            "reactions": [] if row.deleted_at else reactions_for(reactions.get(row.pk, []), viewer),
            "edited_at": row.edited_at,
            "deleted": row.deleted_at is not None,
            "metadata": {},
        }
        for row in rows
    ]


def _thread(row: Message, counts: dict[UUID, int]) -> dict[str, Any] | None:
    root = row.thread_root_id or row.pk
    if row.thread_root_id is None and not counts[root]:
        return None
    return {"root": root, "count": counts[root]}


def message(row: Message, *, viewer: UUID | None, visible_after: int = 0) -> dict[str, Any]:
    return messages([row], viewer=viewer, visible_after=visible_after)[0]


def conversation(
    row: Conversation, *, mine: Participant, people: Sequence[Participant], last: dict[str, Any] | None, unread: int
) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "retention": row.retention,
        "history": row.history,
        "participants": [{**person(p.user), "role": p.role, "read_sequence": p.read_sequence} for p in people],
        "last_message": last,
        "last_sequence": row.last_sequence,
        "unread_count": unread,
        "muted": mine.notifications == "none",
        "notifications": mine.notifications,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }
