"""What of conversations stands in a digest: what a person has not read and wants to be told of."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from lyceum.messaging.models import Conversation, Message, Participant
from lyceum.messaging.telling import notable, words_of
from lyceum.notifications.public import DigestEntry, DigestSection, wishes_of

MOST_CONVERSATIONS = 20
MOST_ENTRIES = 3
EXCERPT = 280


def _behind() -> QuerySet[Participant]:
    rows = Participant.objects.filter(hidden_at=None, conversation__ended_at=None).exclude(notifications="none")
    return rows.filter(conversation__last_sequence__gt=F("read_sequence"))


def waiting(user_ids: Collection[UUID]) -> set[UUID]:
    """Return who of some people has anything unread in what they have not muted."""
    return set(_behind().filter(user__in=user_ids).values_list("user_id", flat=True).distinct())


def sections(user_id: UUID, since: datetime) -> list[DigestSection]:
    """Return a person's conversations with something new, the last active first."""
    rows = _behind().filter(user=user_id, conversation__updated_at__gt=since).select_related("conversation")
    members = rows.order_by("-conversation__updated_at")[:MOST_CONVERSATIONS]
    shows_text = wishes_of(user_id).show_text
    found = [(member, _new(member, since)) for member in members]
    return [_section(member, new, shows_text=shows_text) for member, new in found if new]


def _new(member: Participant, since: datetime) -> list[Message]:
    unread = notable(member, above=0, up_to=member.conversation.last_sequence)
    return [message for message in unread if message.created_at > since]


def _section(member: Participant, new: list[Message], *, shows_text: bool) -> DigestSection:
    conversation = member.conversation
    is_direct = conversation.kind == Conversation.Kind.DIRECT
    title = str(new[-1].sender or _("Deleted person")) if is_direct else str(conversation.name)
    path = f"/talk/{conversation.pk}/"
    # What vanishes must not live on in a mailbox.
    if not shows_text or conversation.retention != Conversation.Retention.PERMANENT:
        return DigestSection(title, path, len(new))
    entries = [
        DigestEntry(str(one.sender or _("Deleted person")), one.created_at, words_of(one, EXCERPT))
        for one in new[-MOST_ENTRIES:]
    ]
    return DigestSection(title, path, len(new), entries)
