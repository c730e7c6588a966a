"""What a client that was away lacks, as frames."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lyceum.core import tallies
from lyceum.messaging import selectors
from lyceum.messaging.logs import Log
from lyceum.messaging.models import Message, Participant

MAX_RESUME = 500
# A change is stamped before it is committed and told, so that one told by an earlier clock may be younger.
OVERLAP = timedelta(seconds=10)


def moved_conversations(user_id: UUID, sequences: dict[UUID, int], since: datetime | None) -> list[UUID]:
    """Return those of a person's conversations that are not where the client has them, or changed since."""
    mine = Participant.objects.filter(user=user_id, conversation__in=list(sequences), conversation__ended_at=None)
    rows = mine.order_by("conversation").values_list(
        "conversation", "conversation__last_sequence", "conversation__retention"
    )
    changed: set[UUID] = set()
    if since is not None:
        changes = Message.objects.filter(conversation__in=list(sequences), changed_at__gte=since - OVERLAP)
        changed.update(changes.order_by().values_list("conversation_id", flat=True).distinct())
        # What changed there is known to Valkey alone.
        changed.update(where for where, _, retention in rows if retention == "ephemeral")
    return [where for where, last, _ in rows if last != sequences[where] or where in changed]


def missed_frames(user_id: UUID, where: UUID, sequence: int, since: datetime | None) -> list[dict[str, Any]]:
    """Return the frames that a client with this sequence lacks, ended by `resumed`, or one `reload`."""
    participant = selectors.get_participant_for(user_id, where)
    log = selectors.log_of(participant)
    if sequence > participant.conversation.last_sequence:
        return _reload(log, where)
    rows = log.run(above=sequence, limit=MAX_RESUME + 1)
    if len(rows) > MAX_RESUME:
        return _reload(log, where)
    changed = [] if since is None else log.changed(sequence, since - OVERLAP, MAX_RESUME + 1)
    if len(changed) > MAX_RESUME:
        return _reload(log, where)
    tallies.count("resumes", "filled" if rows else "whole")
    tallies.count("filled_messages", by=len(rows))
    missed = [{"type": "message", "conversation": where, "message": m} for m in selectors.framed(log, rows, log.floor)]
    end = rows[-1].sequence if rows else sequence
    resumed = {"type": "resumed", "conversation": where, "from": sequence, "to": end, "count": len(rows)}
    return [*_changes(log, where, changed), *missed, resumed]


def _reload(log: Log, where: UUID) -> list[dict[str, Any]]:
    """Have the client ask for the conversation anew: it lacks more than frames should carry."""
    tallies.count("resumes", "reload")
    return [{"type": "reload", "conversation": where, "count": log.count()}]


def _changes(log: Log, where: UUID, rows: list[Message]) -> list[dict[str, Any]]:
    """Return edits, deletes and reactions to messages that the client has already."""
    return [
        {"type": "message_deleted", "conversation": where, "message_id": row.pk, "sequence": row.sequence}
        if row.deleted_at
        else {"type": "message_edited", "conversation": where, "message": found}
        for row, found in zip(rows, selectors.framed(log, rows, log.floor), strict=True)
    ]
