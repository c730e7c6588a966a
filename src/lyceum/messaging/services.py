from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from lyceum.core import audit, events, presence
from lyceum.core.conditions import unbound
from lyceum.core.errors import DomainError, Invalid, NotAllowed, NotFound
from lyceum.core.events import publish
from lyceum.core.ids import uuid7
from lyceum.core.live import publish as publish_pushes
from lyceum.core.live import push_on_commit
from lyceum.messaging import attachments as files
from lyceum.messaging import ephemeral, hot, membership, search, selectors, shapes
from lyceum.messaging.contracts import MessageDeleted, MessageEdited, MessageSent
from lyceum.messaging.emoji import is_one_emoji
from lyceum.messaging.ephemeral import EphemeralLog, Kept
from lyceum.messaging.errors import ClientIdReused, OwnersOnly, TooManyReactions
from lyceum.messaging.logs import Log
from lyceum.messaging.mentions import find_mentions
from lyceum.messaging.models import Attachment, Conversation, Message, Participant
from lyceum.messaging.sending import LOCK, MEMBERS, STORE, Batch, Draft, IsEphemeral, Sent, check_content, group_of
from lyceum.notifications import public as notifications

MAX_DIFFERENT_REACTIONS = 20


@transaction.atomic
def send_message(
    conversation_id: UUID,
    *,
    sender: UUID,
    content: str,
    client_id: str | None = None,
    reply_to: UUID | None = None,
    connection_id: str = "",
    attachments: Sequence[UUID] = (),
) -> Sent:
    """Store a message under the next number of its conversation, or find the one that it repeats.

    The same `client_id` again is the same message; with another content it raises ClientIdReused. Attachments are
    files that the sender uploaded; beside them the content may be empty.
    """
    text, ids = check_content(content, has_files=bool(attachments)), tuple(dict.fromkeys(attachments))
    rows = files.lock_unsent(sender, ids) if ids else []
    shown = tuple(map(files.shape, rows))
    draft = Draft(conversation_id, sender, text, client_id, reply_to, connection_id, ids, shown)
    batch = Batch([draft])
    with connection.cursor() as cursor:
        cursor.execute(LOCK, batch.lock_parameters)
        if (asked := batch.members_parameters) is not None:
            cursor.execute(MEMBERS, asked)
            batch.know_members(cursor.fetchall())
        cursor.execute(STORE, batch.store_parameters)
        [sent] = batch.outcomes(cursor.fetchall())
    if isinstance(sent, IsEphemeral):
        return _send_ephemeral(draft, rows)
    if isinstance(sent, DomainError):
        raise sent
    if ids and sent.is_new:
        _bind(rows, draft, sent.message_id, sent.sequence, expires_at=None)
    if sent.event_id is not None:
        event_id = sent.event_id
        transaction.on_commit(lambda: events.deliver(event_id), robust=True)
    if sent.pushes:
        transaction.on_commit(lambda: publish_pushes(sent.pushes), robust=True)
    if sent.tail is not None:
        entry = sent.tail
        transaction.on_commit(lambda: hot.append([entry]), robust=True)
    return sent


def _bind(
    rows: Sequence[Attachment], draft: Draft, message_id: UUID, sequence: int, *, expires_at: datetime | None
) -> None:
    files.send(
        rows,
        draft.attachments,
        conversation_id=draft.conversation_id,
        message_id=message_id,
        sequence=sequence,
        expires_at=expires_at,
    )


def _send_ephemeral(draft: Draft, rows: Sequence[Attachment]) -> Sent:
    """Keep a message in Valkey under the next number; the caller holds the conversation's lock."""
    conversation, mine = selectors.lock_conversation_for(draft.sender_id, draft.conversation_id)
    log = EphemeralLog(mine)
    repeated = log.repeated(draft.sender_id, draft.client_id)
    if repeated is not None:
        if repeated.fingerprint != draft.fingerprint:
            raise ClientIdReused
        return Sent(
            repeated.id, conversation.pk, mine.user_id, repeated.sequence, repeated.content, repeated.created_at, False
        )
    original = log.get(draft.reply_to) if draft.reply_to is not None else None
    if draft.reply_to is not None and original is None:
        raise Invalid.field("reply_to", "not_found", "There is no such message to reply to.")
    now, sequence = timezone.now(), conversation.last_sequence + 1
    Conversation.objects.filter(pk=conversation.pk).update(last_sequence=sequence, updated_at=now)
    Participant.objects.filter(pk=mine.pk).update(read_sequence=sequence, hidden_at=None)
    if conversation.kind == Conversation.Kind.DIRECT:
        conversation.participants.filter(hidden_at__isnull=False).update(hidden_at=None)
    kept = Kept(uuid7(), sequence, mine.user_id, draft.content, draft.client_id, draft.fingerprint, now)
    kept.mentions = _mentions(conversation.pk, draft.content)
    if original is not None:
        kept.reply_to, kept.reply_sequence = original.pk, original.sequence
        kept.thread_root = original.thread_root_id or original.pk
    if draft.attachments:
        _bind(rows, draft, kept.id, sequence, expires_at=now + ephemeral.life())
    message = log.add(kept)
    publish(
        MessageSent(
            message_id=str(kept.id), conversation_id=str(conversation.pk), sender_id=str(kept.sender), sequence=sequence
        )
    )
    _tell_message("message", log, message, exclude=draft.connection_id)
    return Sent(kept.id, conversation.pk, mine.user_id, sequence, kept.content, now, True)


def _mentions(conversation_id: UUID, content: str) -> list[UUID]:
    if "@" not in content:
        return []
    members = Participant.objects.filter(conversation=conversation_id).order_by("joined_at", "pk")
    return find_mentions(content, list(members.values_list("user_id", "user__first_name", "user__last_name")))


@transaction.atomic
def edit_message(
    participant: Participant, message_id: UUID, *, content: str, check: Callable[[Message], None] = unbound
) -> Message:
    """Change the text of one's own message; `check` sees the locked row and raises when it is not the one meant."""
    has_files = Attachment.objects.filter(message_id=message_id).exists()
    text = check_content(content, has_files=has_files)
    log, message, _ = _lock_message(participant, message_id)
    if message.sender_id != participant.user_id:
        raise NotAllowed("Only the writer may edit a message.")
    check(message)
    log.edit(message, text, _mentions(message.conversation_id, text))
    _tell_message("message_edited", log, message)
    if participant.conversation.retention == Conversation.Retention.PERMANENT:
        search.touch_messages([message.pk])
        publish(MessageEdited(**_named(message), sender_id=str(message.sender_id)))
    return message


def _named(message: Message) -> dict[str, Any]:
    """Name a message in an event."""
    where = str(message.conversation_id)
    return {"message_id": str(message.pk), "conversation_id": where, "sequence": message.sequence}


def _readers(message: Message) -> tuple[str, ...]:
    """Name those who may see a message, as a push does; empty when all members may."""
    members = Participant.objects.filter(conversation=message.conversation_id)
    if not members.filter(visible_after__gte=message.sequence).exists():
        return ()
    readers = members.filter(visible_after__lt=message.sequence).values_list("user_id", flat=True)
    return tuple(f"user:{user_id}" for user_id in readers)


def _tell_message(kind: str, log: Log, message: Message, *, exclude: str = "") -> None:
    """Push a message; who may not see what it replies to is told without that."""
    group, sequence = group_of(message.conversation_id), message.sequence
    original = message.reply_to
    is_shown = original is not None and original.sequence > log.gone
    original_readers = _readers(original) if original is not None and is_shown else ()
    frame = {"type": kind, "message": selectors.framed(log, [message], log.gone)[0]}
    if not original_readers:
        push_on_commit(group, frame, sequence=sequence, exclude=exclude)
        return
    push_on_commit(group, frame, only=original_readers, sequence=sequence, exclude=exclude)
    bare = selectors.framed(log, [message], sequence)[0]
    push_on_commit(group, {**frame, "message": bare}, never=original_readers, sequence=sequence, exclude=exclude)


def tell_scanned(attachment_id: UUID, *, is_clean: bool) -> None:
    """Say what the scanner found of a file; where it was sent, also at this moment, its members are told."""
    while not _is_settled(attachment_id, is_clean=is_clean):
        # It was sent while this waited for the file, so that the conversation is known now.
        pass


@transaction.atomic
def _is_settled(attachment_id: UUID, *, is_clean: bool) -> bool:
    # The conversation's lock comes before the file's, as where a message is deleted.
    where = Attachment.objects.filter(pk=attachment_id).values("conversation")
    conversation = Conversation.objects.select_for_update().filter(pk__in=where).first()
    file = files.lock_pending(attachment_id)
    if file is None:
        return True
    if conversation is None and file.conversation_id is not None:
        return False
    files.settle_scan(file, is_clean=is_clean)
    if conversation is not None and file.message_id is not None:
        _tell_settled(conversation, file.message_id)
    return True


def _tell_settled(conversation: Conversation, message_id: UUID) -> None:
    mine = conversation.participants.first()
    if mine is None:
        return
    mine.conversation, mine.visible_after = conversation, 0
    log = selectors.log_of(mine)
    message = log.get(message_id)
    if message is not None and message.deleted_at is None:
        log.touch(message)
        if conversation.retention == Conversation.Retention.PERMANENT:
            search.touch_messages([message.pk])
        _tell_message("message_edited", log, message)


@transaction.atomic
def delete_message(participant: Participant, message_id: UUID, *, check: Callable[[Message], None] = unbound) -> None:
    """Take the text away and keep the place; the writer's own, or any in a group that the person owns."""
    log, message, mine = _lock_message(participant, message_id)
    is_owner = mine.role == Participant.Role.OWNER and participant.conversation.kind == Conversation.Kind.GROUP
    if message.sender_id != participant.user_id and not is_owner:
        in_group = participant.conversation.kind == Conversation.Kind.GROUP
        raise OwnersOnly if in_group else NotAllowed
    check(message)
    log.erase(message)
    files.discard(Q(message_id=message.pk))
    audit.record(participant.user, "message.deleted", message.pk)
    if participant.conversation.retention == Conversation.Retention.PERMANENT:
        search.touch_messages([message.pk])
        publish(MessageDeleted(**_named(message), by_id=str(participant.user_id)))
    frame = {"type": "message_deleted", "message_id": message.pk, "sequence": message.sequence}
    push_on_commit(group_of(message.conversation_id), frame, sequence=message.sequence)


def _lock_message(participant: Participant, message_id: UUID) -> tuple[Log, Message, Participant]:
    """Take the lock that sends take too, and read the message and the person's place under it."""
    _, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    log = selectors.log_of(mine)
    message = selectors.get_message_for(log, message_id)
    if message.deleted_at is not None:
        raise NotFound("This message was deleted.")
    return log, message, mine


@transaction.atomic
def react(participant: Participant, message_id: UUID, emoji: str, *, add: bool) -> list[dict[str, Any]]:
    """Add or take back one's own reaction; returns all reactions of the message for the person."""
    if not is_one_emoji(emoji):
        raise Invalid.field("emoji", "invalid", "Use one emoji.")
    log, message, _ = _lock_message(participant, message_id)
    if add:
        different = {reaction["emoji"] for reaction in log.details([message]).reactions.get(message.pk, [])}
        if emoji not in different and len(different) >= MAX_DIFFERENT_REACTIONS:
            raise TooManyReactions
    has_changed = log.react(message, participant.user_id, emoji, add=add)
    found = log.details([message]).reactions.get(message.pk, [])
    if has_changed:
        frame = {
            "type": "reaction",
            "message_id": message.pk,
            "emoji": emoji,
            "user": participant.user_id,
            "added": add,
            "reactions": shapes.reactions_for(found, None),
        }
        push_on_commit(group_of(message.conversation_id), frame, sequence=message.sequence)
    return shapes.reactions_for(found, participant.user_id)


@transaction.atomic
def mark_read(conversation_id: UUID, *, reader: UUID, sequence: int) -> dict[str, int]:
    """Move the reader's mark forward, never back; returns the mark and what is unread after it."""
    participant = selectors.get_participant_for(reader, conversation_id, lock=True)
    target = min(sequence, participant.conversation.last_sequence)
    # Nobody has read what is hidden from them.
    if target > max(participant.read_sequence, participant.visible_after):
        participant.read_sequence = target
        participant.save(update_fields=["read_sequence"])
        frame = {"type": "read_receipt", "user": reader, "sequence": target}
        push_on_commit(group_of(conversation_id), frame)
    unread = selectors.unread_counts(reader, [conversation_id])[conversation_id]
    return {"read_sequence": participant.read_sequence, "unread_count": unread}


def _direct_key(one: UUID, other: UUID) -> str:
    return ":".join(sorted((str(one), str(other))))


@transaction.atomic
def create_direct(
    creator: UUID, other: UUID, *, retention: str = Conversation.Retention.PERMANENT
) -> tuple[Conversation, bool]:
    """Return the one conversation of a pair, made when there is none; the flag says whether it is new."""
    conversation, is_new = Conversation.objects.get_or_create(
        direct_key=_direct_key(creator, other), defaults={"kind": Conversation.Kind.DIRECT, "retention": retention}
    )
    if is_new:
        Participant.objects.bulk_create(
            [Participant(conversation=conversation, user_id=user_id) for user_id in (creator, other)]
        )
        membership.tell_new(conversation, [creator, other])
    elif conversation.participants.filter(user=creator).exclude(hidden_at=None).update(hidden_at=None):
        membership.tell_added(conversation, [creator])
    return conversation, is_new


@transaction.atomic
def create_group(
    creator: UUID,
    *,
    name: str,
    members: list[UUID],
    history: str,
    retention: str = Conversation.Retention.PERMANENT,
) -> Conversation:
    conversation = Conversation.objects.create(
        kind=Conversation.Kind.GROUP, name=name, history=history, retention=retention
    )
    roles = {creator: Participant.Role.OWNER, **dict.fromkeys(members, Participant.Role.MEMBER)}
    Participant.objects.bulk_create(
        [Participant(conversation=conversation, user_id=user_id, role=role) for user_id, role in roles.items()]
    )
    membership.tell_new(conversation, list(roles))
    search.touch_conversation(conversation.pk)
    return conversation


@transaction.atomic
def update_conversation(
    participant: Participant, *, check: Callable[[Conversation], None] = unbound, **changes: Any
) -> None:
    """Change what is mine (`notifications`) and what is shared (`name`, `history`), all or nothing."""
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    check(conversation)
    shared = {name: value for name, value in changes.items() if name != "notifications"}
    if shared:
        if conversation.kind != Conversation.Kind.GROUP:
            raise Invalid(detail="A direct conversation has no name and no settings to share.")
        membership.check_owner(mine)
        for name, value in shared.items():
            setattr(conversation, name, value)
        conversation.save(update_fields=list(shared))
        search.touch_conversation(conversation.pk)
        audit.record(mine.user, "conversation.changed", conversation.pk, fields=sorted(shared))
        push_on_commit(group_of(conversation.pk), {"type": "conversation_updated", "changes": shared})
    if "notifications" in changes:
        mine.notifications = changes["notifications"]
        mine.save(update_fields=["notifications"])
        _tell_own_devices(mine, {"notifications": mine.notifications})
    Conversation.objects.filter(pk=conversation.pk).update(version=F("version") + 1)


def _tell_own_devices(mine: Participant, changes: dict[str, Any]) -> None:
    frame = {"type": "conversation_updated", "conversation": mine.conversation_id, "changes": changes}
    push_on_commit(f"user:{mine.user_id}", frame)


@transaction.atomic
def hide_conversation(participant: Participant, *, check: Callable[[Conversation], None] = unbound) -> None:
    """Leave a group; hide a direct conversation until its next message."""
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    check(conversation)
    if conversation.kind == Conversation.Kind.GROUP:
        membership.remove_member(mine, mine.user_id)
        return
    mine.hidden_at = timezone.now()
    mine.save(update_fields=["hidden_at"])
    _tell_own_devices(mine, {"hidden": True})


@transaction.atomic
def let_listen(participant: Participant, webhook_id: UUID, *, listen: bool) -> None:
    """Let a webhook have the texts of a group, or no longer; only an owner may say so."""
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    if conversation.kind != Conversation.Kind.GROUP or conversation.retention != Conversation.Retention.PERMANENT:
        raise NotAllowed("Only groups that keep their messages can have webhooks.")
    membership.check_owner(mine)
    act = notifications.attach if listen else notifications.detach
    act(webhook_id, conversation.pk, actor=mine.user)


@transaction.atomic
def end_conversation(participant: Participant, *, check: Callable[[Conversation], None] = unbound) -> None:
    """End a group for all; an owner may restore it for 30 days."""
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    check(conversation)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Invalid(detail="A direct conversation cannot be ended for the other person.")
    membership.check_owner(mine)
    conversation.ended_at = timezone.now()
    conversation.save(update_fields=["ended_at"])
    search.touch_conversation(conversation.pk)
    audit.record(mine.user, "conversation.ended", conversation.pk)
    group = group_of(conversation.pk)
    frame = {"type": "conversation_updated", "changes": {"ended": True}}
    push_on_commit(group, frame, control=f"leave:{group}")


@transaction.atomic
def restore_conversation(user: Any, conversation_id: UUID) -> Conversation:
    conversation = (
        selectors.ended_conversations(user.pk).select_for_update(of=("self",)).filter(pk=conversation_id).first()
    )
    if conversation is None:
        raise NotFound("There is no such conversation.")
    conversation.ended_at = None
    conversation.save(update_fields=["ended_at"])
    search.touch_conversation(conversation.pk)
    audit.record(user, "conversation.restored", conversation.pk)
    members = presence.states(conversation.participants.values_list("user_id", flat=True))
    # Only who is here has a socket to be told on.
    membership.tell_added(conversation, [user_id for user_id, state in members.items() if state != "offline"])
    membership.publish_added(conversation, list(members))
    return conversation


def remove_ended() -> int:
    """Remove the groups whose time to be restored is over, with all that was said in them; returns how many."""
    over = Conversation.objects.filter(ended_at__lt=timezone.now() - selectors.ENDED_KEPT)
    notifications.forget_places(over.values_list("pk", flat=True))
    while files.discard(Q(conversation__in=over)):
        pass
    with transaction.atomic():
        search.touch_messages(Message.objects.filter(conversation__in=over).values_list("pk", flat=True).iterator())
        return over.delete()[1].get("messaging.Conversation", 0)
