"""What webhooks hear of conversations: who and where, by ids; words only where the owner of a group said so."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from lyceum.core.events import on
from lyceum.messaging.contracts import MemberAdded, MemberRemoved, MessageDeleted, MessageEdited
from lyceum.messaging.models import Message
from lyceum.notifications.public import announce, declare_event, fact_of


def words_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the text of a message as it stands now; nothing of one that was deleted."""
    found = Message.objects.filter(pk=data["message"], deleted_at=None).values_list("content", flat=True).first()
    return {} if found is None else {"content": found}


declare_event("message.created", _("somebody wrote a message"), texts=words_of)
declare_event("message.edited", _("the text of a message was changed"), texts=words_of)
declare_event("message.deleted", _("the text of a message was taken away"))
declare_event("member.added", _("somebody is in a conversation now"))
declare_event("member.removed", _("somebody left a conversation or was removed"))


def message_data(message_id: object, conversation_id: object, sequence: int) -> dict[str, Any]:
    return {"message": str(message_id), "conversation": str(conversation_id), "sequence": sequence}


@on(MessageEdited)
def tell_edited(event: MessageEdited) -> None:
    data = message_data(event.message_id, event.conversation_id, event.sequence) | {"sender": event.sender_id}
    announce("message.edited", [fact_of(event.event_id, data, UUID(event.conversation_id))])


@on(MessageDeleted)
def tell_deleted(event: MessageDeleted) -> None:
    data = message_data(event.message_id, event.conversation_id, event.sequence) | {"by": event.by_id}
    announce("message.deleted", [fact_of(event.event_id, data)])


@on(MemberAdded)
def tell_added(event: MemberAdded) -> None:
    announce("member.added", [fact_of(event.event_id, {"conversation": event.conversation_id, "user": event.user_id})])


@on(MemberRemoved)
def tell_removed(event: MemberRemoved) -> None:
    data = {"conversation": event.conversation_id, "user": event.user_id}
    announce("member.removed", [fact_of(event.event_id, data)])
