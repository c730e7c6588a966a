"""The groups whose texts webhooks may have."""

from collections.abc import Collection
from uuid import UUID

from lyceum.messaging import selectors, services
from lyceum.messaging.models import Conversation, Participant
from lyceum.notifications.public import Place, declare_places


class Groups:
    def standing(self, ids: Collection[UUID]) -> set[UUID]:
        rows = Conversation.objects.filter(pk__in=list(ids), ended_at=None)
        return set(rows.values_list("pk", flat=True))

    def owned_by(self, user_id: UUID) -> list[Place]:
        rows = Participant.objects.filter(
            user=user_id,
            role=Participant.Role.OWNER,
            conversation__kind=Conversation.Kind.GROUP,
            conversation__retention=Conversation.Retention.PERMANENT,
            conversation__ended_at=None,
        ).order_by("conversation__name", "conversation_id")
        return [Place(pk, name or "") for pk, name in rows.values_list("conversation_id", "conversation__name")]

    def let_listen(self, user_id: UUID, place_id: UUID, webhook_id: UUID, *, listen: bool) -> None:
        services.let_listen(selectors.get_participant_for(user_id, place_id), webhook_id, listen=listen)


declare_places(Groups())
