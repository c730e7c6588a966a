from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from lyceum.accounts.contracts import UserRegistered
from lyceum.core.events import on
from lyceum.notifications import webhook_events
from lyceum.notifications.deliveries import Fact, announce

webhook_events.declare("user.registered", _("somebody has an account now"))


def fact_of(event_id: str, data: dict[str, Any], scope: UUID | None = None) -> Fact:
    """Make a fact of an event, which happened when its id was made (a UUIDv7)."""
    identity = UUID(event_id)
    return Fact(identity, data, datetime.fromtimestamp((identity.int >> 80) / 1000, UTC), scope)


@on(UserRegistered)
def tell_registered(event: UserRegistered) -> None:
    announce("user.registered", [fact_of(event.event_id, {"user": event.user_id})])
