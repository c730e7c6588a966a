"""The contract's objects, made from rows: person, message, conversation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from lyceum.accounts.public import avatar_url
from lyceum.messaging.attachments import Files, words
from lyceum.messaging.logs import EXCERPT_LENGTH, Details
from lyceum.messaging.models import Conversation, Message, Participant

CLIENT_ID_KEPT = timedelta(days=7)
REACTION_USERS = 20


def person(user: Any) -> dict[str, Any]:
    if user is None:
        return named_person(None)
    return named_person(user.pk, user.first_name, user.last_name, user.avatar, user.kind)


def named_person(
    user_id: UUID | None,
    first_name: str | None = None,
    last_name: str | None = None,
    avatar: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    if user_id is None:
        return {"id": None, "name": "Deleted person", "kind": "user", "avatar": None}
    url = avatar_url(user_id, avatar)
    return {"id": user_id, "name": f"{first_name} {last_name}".rstrip(), "kind": kind or "user", "avatar": url}


def presence(user_id: UUID, state: str, last_seen: datetime | None = None) -> dict[str, Any]:
    """Make the frame that tells of a person's presence."""
    return {"type": "presence", "user": user_id, "state": state, "last_seen": last_seen}


def reactions_for(found: list[dict[str, Any]], viewer: UUID | None) -> list[dict[str, Any]]:
    """Tell reactions to a viewer with `mine`, or to everybody with the first 20 people."""
    if viewer is None:
        return [{"emoji": r["emoji"], "count": len(r["users"]), "users": r["users"][:REACTION_USERS]} for r in found]
    return [{"emoji": r["emoji"], "count": len(r["users"]), "mine": viewer in r["users"]} for r in found]


def reply(original_id: UUID, sequence: int, sender: dict[str, Any] | None, excerpt: str | None) -> dict[str, Any]:
    return {"id": original_id, "sequence": sequence, "sender": sender, "excerpt": excerpt}


def _reply_of(row: Message, floor: int, files: dict[UUID, Files]) -> dict[str, Any] | None:
    original = row.reply_to
    if original is None:
        return None
    if original.sequence <= floor:
        return reply(original.pk, original.sequence, None, None)
    text = "" if original.deleted_at else original.content or words(files.get(original.pk, []))
    return reply(original.pk, original.sequence, person(original.sender), text[:EXCERPT_LENGTH])


def messages(rows: Sequence[Message], details: Details, *, viewer: UUID | None, floor: int = 0) -> list[dict[str, Any]]:
    """Make message objects; `viewer` None is for frames, and nothing up to the sequence `floor` is shown."""
    forgotten = timezone.now() - CLIENT_ID_KEPT
    return [
        {
            "id": row.pk,
            "conversation": row.conversation_id,
            "sequence": row.sequence,
            "client_id": row.client_id if row.created_at >= forgotten else None,
            "sender": person(row.sender),
            "message_type": row.message_type,
            "content": "" if row.deleted_at else row.content,
            "timestamp": row.created_at,
            "reply_to": _reply_of(row, floor, details.attachments),
            "thread": _thread(row, details.replies),
            "attachments": [] if row.deleted_at else details.attachments.get(row.pk, []),
            "reactions": [] if row.deleted_at else reactions_for(details.reactions.get(row.pk, []), viewer),
            "edited_at": row.edited_at,
            "deleted": row.deleted_at is not None,
            "metadata": {} if row.deleted_at else row.metadata,
        }
        for row in rows
    ]


def _thread(row: Message, replies: dict[UUID, int]) -> dict[str, Any] | None:
    root = row.thread_root_id or row.pk
    count = replies.get(root, 0)
    if row.thread_root_id is None and not count:
        return None
    return {"root": root, "count": count}


def conversation(
    row: Conversation, *, mine: Participant, people: list[dict[str, Any]], last: dict[str, Any] | None, unread: int
) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "retention": row.retention,
        "history": row.history,
        "participants": people,
        "last_message": last,
        "last_sequence": row.last_sequence,
        "unread_count": unread,
        "muted": mine.notifications == "none",
        "notifications": mine.notifications,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }
