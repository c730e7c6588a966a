"""Finding messages and groups, with the asker's rights of this moment; what a hit shows is read anew.

The index may be a second behind: who was removed a moment ago, or what was taken back, is not shown from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from lyceum.messaging import selectors
from lyceum.messaging.models import Conversation, Message, Participant
from lyceum.messaging.scopes import CHAT_READ
from lyceum.messaging.search import CONVERSATION, EXCERPT, MESSAGE, address, kept_messages
from lyceum.messaging.telling import excerpt
from lyceum.search import public as search
from lyceum.search.contracts import Filter, Hit, IsOneOf, Range, SearchAnswer, Sort
from lyceum.search.public import Found, Section

NEWEST_FIRST = Sort("sent_at", descending=True)
MARKS = ("<mark>", "</mark>")


@dataclass(frozen=True)
class FoundMessage:
    """A message that was found, with its conversation as the asker calls it."""

    row: Message
    place: str
    excerpt: str

    @property
    def url(self) -> str:
        return address(self.row.conversation_id, self.row.sequence)


def find_messages(
    asker: Any,
    text: str,
    *,
    conversation: UUID | None = None,
    sender: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    is_newest_first: bool = False,
    size: int = 20,
    cursor: str = "",
) -> tuple[SearchAnswer, list[FoundMessage]]:
    """Find messages that the asker may read; without a text the newest come first. Raises NotFound for strangers."""
    narrowed: dict[str, Filter] = {}
    if conversation is not None:
        selectors.get_participant_for(asker.pk, conversation)
        narrowed["conversation"] = IsOneOf("conversation", (str(conversation),))
    if sender is not None:
        narrowed["sender"] = IsOneOf("sender", (str(sender),))
    if since is not None or until is not None:
        narrowed["sent_at"] = Range("sent_at", at_least=since, below=until)
    answer = search.search(
        MESSAGE,
        text,
        asker=asker,
        selections=narrowed,
        sort=NEWEST_FIRST if is_newest_first or not text.strip() else None,
        size=size,
        cursor=cursor,
        highlights=("content", "files"),
    )
    return answer, read_anew(asker, answer.hits)


def read_anew(asker: Any, hits: Sequence[Hit]) -> list[FoundMessage]:
    """Return those of the hits that the asker may read at this moment, as they are now."""
    rows = kept_messages().filter(
        pk__in=[hit.id for hit in hits],
        conversation__ended_at=None,
        conversation__participants__user=asker.pk,
        sequence__gt=F("conversation__participants__visible_after"),
    )
    known = {row.pk: row for row in rows.select_related("sender", "conversation")}
    names = _names(asker, {row.conversation for row in known.values()})
    found = [(hit, known[hit.id]) for hit in hits if hit.id in known]
    return [FoundMessage(row, names[row.conversation_id], _excerpt(hit, row)) for hit, row in found]


def _names(asker: Any, conversations: set[Conversation]) -> dict[UUID, str]:
    """Name groups by their name and direct conversations by the other person, or oneself."""
    names = {one.pk: one.name or "" for one in conversations}
    direct = [one.pk for one in conversations if one.kind == Conversation.Kind.DIRECT]
    others = Participant.objects.filter(conversation__in=direct).exclude(user=asker.pk).select_related("user")
    names |= {place.conversation_id: str(place.user) for place in others}
    return {where: name or str(_("Deleted person")) for where, name in names.items()}


def _excerpt(hit: Hit, row: Message) -> str:
    """Return what the index marked if it still stands so, else how the text begins now."""
    marked = hit.highlights.get("content", "")
    bare = unescape(marked)
    for mark in MARKS:
        bare = bare.replace(mark, "")
    if marked and bare.strip(" …") in row.content:
        return marked
    return hit.highlights.get("files", "") if not row.content else escape(excerpt(row.content, EXCERPT))


def show_messages(asker: Any, hits: Sequence[Hit]) -> list[Found]:
    return [
        Found(
            found.row.pk,
            found.place,
            found.url,
            found.excerpt,
            str(found.row.sender or _("Deleted person")),
            found.row.created_at,
        )
        for found in read_anew(asker, hits)
    ]


def show_conversations(asker: Any, hits: Sequence[Hit]) -> list[Found]:
    rows = selectors.visible_conversations(asker.pk).in_bulk([hit.id for hit in hits])
    return [Found(hit.id, rows[hit.id].name or "", hit.url) for hit in hits if hit.id in rows]


search.show(Section(CONVERSATION, _("Conversations"), "message-square", CHAT_READ, show_conversations))
search.show(
    Section(MESSAGE, _("Messages"), "message-square", CHAT_READ, show_messages, highlights=("content", "files"))
)
