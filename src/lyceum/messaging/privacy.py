"""Messaging's part of a person's data.

Of others it hands over only whom a direct conversation is with. What a person wrote stays with those they wrote to,
under the name that their account has by then; how they reacted goes.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, F, Q

from lyceum.core.archives import Archive
from lyceum.core.errors import NotFound
from lyceum.core.live import push_on_commit
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.messaging import attachments, ephemeral, membership, selectors
from lyceum.messaging.models import Attachment, Conversation, Message, Participant, Reaction
from lyceum.messaging.sending import group_of

AT_ONCE = 500


def _places(subject: Subject) -> Any:
    return Participant.objects.filter(user=subject.id).select_related("conversation").order_by("joined_at", "pk")


def _name(place: Participant) -> str:
    """Say what the person calls the conversation: its name, or the other's."""
    if place.conversation.name is not None:
        return place.conversation.name
    others = place.conversation.participants.exclude(user=place.user_id).select_related("user")
    return ", ".join(str(other.user) for other in others)


def export(subject: Subject, archive: Archive) -> None:
    archive.write_list(
        "conversations",
        _conversations(subject),
        title="Conversations",
        about="Where you take part, since when, how far you have read, and when you are told.",
    )
    archive.write_list(
        "messages",
        _messages(subject),
        title="Messages you wrote",
        about="In conversations that keep their messages. Those that vanish are added when the file is fetched.",
    )
    archive.write_list(
        "reactions",
        _reactions(subject),
        title="Your reactions",
        about="On which messages, by their place in the conversation.",
    )

    archive.write_list(
        "attachments",
        _attachments(subject),
        title="Files you sent",
        about="In the folder attachments. Those of messages that vanish are left out.",
    )
    _add_files(subject, archive)


def _attachments(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Attachment.objects.filter(uploader=subject.id, expires_at=None).order_by("created_at", "pk"):
        yield {
            "id": row.pk,
            "conversation": row.conversation_id,
            "message": row.message_id,
            "name": row.name,
            "content_type": row.content_type,
            "size": row.size,
            "sent_at": row.created_at,
        }


def _add_files(subject: Subject, archive: Archive) -> None:
    """Copy each file in, once the list that names them is closed: a ZIP is written one entry after the other."""
    for row in Attachment.objects.filter(uploader=subject.id, expires_at=None, state="ready").order_by("pk"):
        try:
            with attachments.open_file(row) as file:
                archive.add_file(f"attachments/{row.pk}-{row.name}", file)
        except NotFound:
            # Deleted with its message since the list was read.
            continue


def _conversations(subject: Subject) -> Iterator[dict[str, Any]]:
    for place in _places(subject).annotate(people=Count("conversation__participants")):
        conversation = place.conversation
        yield {
            "id": conversation.pk,
            "kind": conversation.kind,
            "name": _name(place),
            "retention": conversation.retention,
            "people": place.people,
            "role": place.role,
            "joined_at": place.joined_at,
            "read_sequence": place.read_sequence,
            "last_sequence": conversation.last_sequence,
            "notifications": place.notifications,
            "hidden_at": place.hidden_at,
            "ended_at": conversation.ended_at,
        }


def _messages(subject: Subject) -> Iterator[dict[str, Any]]:
    names = {place.conversation_id: _name(place) for place in _places(subject)}
    rows = Message.objects.filter(sender=subject.id).select_related("conversation")
    for row in rows.order_by("created_at", "pk").iterator(AT_ONCE):
        name = names.get(row.conversation_id, row.conversation.name or "")
        yield {
            "id": row.pk,
            "conversation": row.conversation_id,
            "conversation_name": name,
            "sequence": row.sequence,
            "sent_at": row.created_at,
            "edited_at": row.edited_at,
            "deleted_at": row.deleted_at,
            "reply_to": row.reply_to_id,
            "thread_root": row.thread_root_id,
            "content": row.content,
        }


def _reactions(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = Reaction.objects.filter(user=subject.id).select_related("message").order_by("created_at", "pk")
    for row in rows.iterator(AT_ONCE):
        yield {
            "conversation": row.message.conversation_id,
            "message": row.message_id,
            "sequence": row.message.sequence,
            "emoji": row.emoji,
            "created_at": row.created_at,
        }


def living(subject: Subject, archive: Archive) -> None:
    """Write what vanishes, as it stands at this moment."""
    archive.write_list(
        "vanishing_messages",
        _vanishing(subject),
        title="Messages you wrote that vanish",
        about="Those that were there when you fetched this file.",
    )


def _vanishing(subject: Subject) -> Iterator[dict[str, Any]]:
    places = _places(subject).filter(conversation__retention=Conversation.Retention.EPHEMERAL)
    for place in places:
        log = selectors.log_of(place)
        for row in log.run(limit=place.conversation.last_sequence or 1):
            if row.sender_id == subject.id:
                yield {
                    "id": row.pk,
                    "conversation": place.conversation_id,
                    "conversation_name": _name(place),
                    "sequence": row.sequence,
                    "sent_at": row.created_at,
                    "gone_at": row.created_at + ephemeral.life(),
                    "content": row.content,
                }


def erase(subject: Subject) -> None:
    """Take the person out of groups, and their reactions away; pages that are open read anew who wrote what."""
    wrote = set(Message.objects.filter(sender=subject.id).values_list("conversation_id", flat=True))
    reacted = set(Reaction.objects.filter(user=subject.id).values_list("message__conversation_id", flat=True))
    shared = set(_places(subject).values_list("conversation_id", flat=True))
    # All that is locked below, in the order in which everybody locks conversations.
    list(Conversation.objects.select_for_update().filter(pk__in=wrote | reacted | shared).order_by("pk").values("pk"))
    Reaction.objects.filter(user=subject.id).delete()
    while attachments.discard(Q(uploader=subject.id, message_id=None)):
        pass
    # What went with a message stays with those it was sent to, like its text.
    Attachment.objects.filter(uploader=subject.id).update(uploader=None)
    for place in _places(subject).filter(conversation__kind=Conversation.Kind.GROUP):
        if place.conversation.ended_at is None:
            membership.remove_member(place, subject.id)
        else:
            place.delete()
    touched = wrote | reacted | shared
    Conversation.objects.filter(pk__in=touched).update(tail_version=F("tail_version") + 1)
    for conversation_id in touched:
        push_on_commit(group_of(conversation_id), {"type": "reload", "count": 0})


declare(
    Holder(
        "messaging",
        ["messaging.Participant", "messaging.Message", "messaging.Reaction", "messaging.Attachment"],
        export,
        erase,
        living,
    )
)
