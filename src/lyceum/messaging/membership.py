"""Who is in a conversation: members come, get roles and go, and open sockets follow."""

from typing import Any
from uuid import UUID

from django.db import transaction
from msgspec.structs import replace

from lyceum.core import audit
from lyceum.core.errors import Invalid, NotAllowed, NotFound
from lyceum.core.events import publish, publish_all
from lyceum.core.live import make_push, push_all, push_on_commit
from lyceum.core.live import publish as publish_pushes
from lyceum.messaging import selectors, shapes
from lyceum.messaging.contracts import MemberAdded, MemberRemoved
from lyceum.messaging.errors import OwnersOnly
from lyceum.messaging.models import Conversation, Participant
from lyceum.messaging.sending import group_of
from lyceum.notifications import public as notifications


def check_owner(participant: Participant) -> None:
    if participant.role != Participant.Role.OWNER:
        raise OwnersOnly


@transaction.atomic
def add_member(participant: Participant, user: Any, *, role: str) -> tuple[Participant, bool]:
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Invalid.field("user", "invalid", "A direct conversation has exactly two people.")
    check_owner(mine)
    sees_from = 0 if conversation.history == Conversation.History.ALL else conversation.last_sequence
    member, is_new = Participant.objects.get_or_create(
        conversation=conversation,
        user=user,
        defaults={
            "role": role,
            "visible_after": sees_from,
            "joined_after": conversation.last_sequence,
        },
    )
    if is_new:
        audit.record(mine.user, "conversation.member_added", conversation.pk, user=str(user.pk))
        frame = {
            "type": "member_added",
            "user": shapes.person(user),
            "role": member.role,
            "by": mine.user_id,
        }
        push_on_commit(group_of(conversation.pk), frame)
        tell_added(conversation, [user.pk])
        publish(MemberAdded(conversation_id=str(conversation.pk), user_id=str(user.pk)))
    return member, is_new


@transaction.atomic
def change_role(participant: Participant, user_id: UUID, role: str) -> Participant:
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    member = _member(conversation, user_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise NotAllowed("People in a direct conversation have no roles.")
    check_owner(mine)
    member.role = role
    member.save(update_fields=["role"])
    _keep_an_owner(conversation, rather_than=user_id)
    member.refresh_from_db()
    if member.role != Participant.Role.OWNER:
        notifications.withdraw(conversation.pk, allowed_by=user_id)
    audit.record(mine.user, "conversation.role_changed", conversation.pk, user=str(user_id), role=role)
    changes = {"roles": {str(user_id): role}}
    push_on_commit(group_of(conversation.pk), {"type": "conversation_updated", "changes": changes})
    return member


def _member(conversation: Conversation, user_id: UUID) -> Participant:
    found = conversation.participants.select_related("user").filter(user=user_id).first()
    if found is None:
        raise NotFound("There is no such member.")
    return found


@transaction.atomic
def remove_member(participant: Participant, user_id: UUID) -> None:
    """Remove a member, or leave. From the commit on they get nothing; the oldest member inherits a group."""
    conversation, mine = selectors.lock_conversation_for(participant.user_id, participant.conversation_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Invalid(detail="A direct conversation can be hidden, not left.")
    member = _member(conversation, user_id)
    if user_id != mine.user_id:
        check_owner(mine)
    member.delete()
    notifications.withdraw(conversation.pk, allowed_by=user_id)
    _keep_an_owner(conversation)
    audit.record(mine.user, "conversation.member_removed", conversation.pk, user=str(user_id))
    publish(MemberRemoved(conversation_id=str(conversation.pk), user_id=str(user_id)))
    frame = {"type": "member_removed", "conversation": conversation.pk, "user": user_id, "by": mine.user_id}
    # Told while the lock is held, so ahead of every message that is committed after the removal.
    push_all([f"user:{user_id}"], {}, control=f"part:{group_of(conversation.pk)}")
    push_on_commit(f"user:{user_id}", frame, control=f"leave:{group_of(conversation.pk)}")
    push_on_commit(group_of(conversation.pk), frame)


def _keep_an_owner(conversation: Conversation, *, rather_than: UUID | None = None) -> None:
    """Let the oldest member inherit a group without an owner, who gave it up only when there is nobody else."""
    if conversation.participants.filter(role=Participant.Role.OWNER).exists():
        return
    by_age = conversation.participants.order_by("joined_at", "pk")
    heir = by_age.exclude(user=rather_than).first() or by_age.first()
    if heir is not None:
        heir.role = Participant.Role.OWNER
        heir.save(update_fields=["role"])
        changes = {"roles": {str(heir.user_id): heir.role}}
        push_on_commit(group_of(conversation.pk), {"type": "conversation_updated", "changes": changes})


def tell_new(conversation: Conversation, user_ids: list[UUID]) -> None:
    """Let the open sockets of people join a conversation that is as new to all of them, and tell it once to all."""
    group = group_of(conversation.pk)
    joins = [make_push(f"user:{user_id}", {}, control=f"join:{group}") for user_id in user_ids]
    details = selectors.describe(user_ids[0], [conversation])[0]
    told = make_push(group, {"type": "conversation_added", "details": details})
    transaction.on_commit(lambda: publish_pushes([*joins, told]), robust=True)
    _tell_who_is_here(conversation.pk, user_ids)
    publish_added(conversation, user_ids)


def tell_added(conversation: Conversation, user_ids: list[UUID]) -> None:
    """Let the open sockets of people hear what they may of the conversation, and tell them what it is."""
    places = Participant.objects.filter(conversation=conversation, user__in=user_ids)
    for user_id, above in places.values_list("user_id", "visible_after"):
        details = selectors.describe(user_id, [conversation])[0]
        frame = {"type": "conversation_added", "conversation": conversation.pk, "details": details}
        push_on_commit(f"user:{user_id}", frame, control=f"join:{group_of(conversation.pk)}", above=above)
    _tell_who_is_here(conversation.pk, user_ids)


def _tell_who_is_here(conversation_id: UUID, added: list[UUID]) -> None:
    """Tell those who were added of the members who are here, and the members of them, once they have joined."""

    def tell() -> None:
        pushes = []
        for user_id, state in selectors.present(Participant.objects.filter(conversation=conversation_id)):
            groups = [group_of(conversation_id)] if user_id in added else [f"user:{person}" for person in added]
            # Presence is of a person, whatever group it goes to: the frame names no conversation.
            told = make_push("", shapes.presence(user_id, state), exclude=f"user:{user_id}")
            pushes += [replace(told, group=group) for group in groups]
        if pushes:
            publish_pushes(pushes)

    transaction.on_commit(tell, robust=True)


def publish_added(conversation: Conversation, user_ids: list[UUID]) -> None:
    publish_all([MemberAdded(conversation_id=str(conversation.pk), user_id=str(user_id)) for user_id in user_ids])
