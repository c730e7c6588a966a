"""Takes the demo content away, and nothing of others.

A conversation goes with the demo people, unless one of your own people wrote in it or owns it: then it stays as it is,
and what demo people wrote there is by a "Deleted person", as when somebody erases their account. The demo's books go
with all that was said of them.
"""

from functools import partial

from django.db import transaction
from django.db.models import Q

from lyceum.accounts.models import User
from lyceum.accounts.services import end_sign_ins
from lyceum.config.demo import catalogue
from lyceum.config.demo.loading import REMOVED
from lyceum.core import audit
from lyceum.core.live import push_on_commit
from lyceum.messaging import attachments, ephemeral, hot, membership, selectors
from lyceum.messaging.models import Conversation, Message, Participant
from lyceum.messaging.sending import group_of
from lyceum.notifications import public as notifications


@transaction.atomic
def remove() -> None:
    people = User.objects.filter(is_demo=True)
    for conversation in Conversation.objects.filter(participants__user__in=people).distinct():
        if _is_of_others(conversation):
            _leave(conversation)
        else:
            _erase(conversation)
    catalogue.clear()
    for person in people:
        end_sign_ins(person, keep=None)
    people.delete()
    audit.record(None, REMOVED, "demo")


def _is_of_others(conversation: Conversation) -> bool:
    others = conversation.participants.exclude(user__is_demo=True).select_related("conversation", "user")
    if others.filter(role=Participant.Role.OWNER).exists():
        return True
    if conversation.retention == Conversation.Retention.EPHEMERAL:
        return any(_wrote_ephemeral(other) for other in others)
    written = Message.objects.filter(conversation=conversation, message_type="user")
    return written.exclude(sender__is_demo=True).exists()


def _wrote_ephemeral(other: Participant) -> bool:
    log = selectors.log_of(other)
    return any(row.sender_id == other.user_id for row in log.run(limit=other.conversation.last_sequence or 1))


def _leave(conversation: Conversation) -> None:
    """Let the demo people leave a group; the pair of a direct conversation goes with its account."""
    if conversation.kind != Conversation.Kind.GROUP or conversation.ended_at is not None:
        return
    demo = conversation.participants.filter(user__is_demo=True).select_related("conversation", "user")
    for participant in demo:
        membership.remove_member(participant, participant.user_id)


def _erase(conversation: Conversation) -> None:
    group, identity = group_of(conversation.pk), conversation.pk
    frame = {"type": "conversation_updated", "changes": {"ended": True}}
    push_on_commit(group, frame, control=f"leave:{group}")
    transaction.on_commit(partial(ephemeral.forget, identity))
    transaction.on_commit(partial(hot.forget, identity))
    while attachments.discard(Q(conversation=conversation)):
        pass
    notifications.forget_places([identity])
    conversation.delete()
