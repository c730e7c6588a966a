from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from lyceum.notifications.models import Preferences


def of(user_id: UUID) -> Preferences:
    """Return how a person wants to be told; what was never chosen is as at the start, and is not stored."""
    return Preferences.objects.filter(pk=user_id).first() or Preferences(user_id=user_id)


@transaction.atomic
def change(user_id: UUID, **changes: Any) -> Preferences:
    Preferences.objects.get_or_create(pk=user_id)
    Preferences.objects.filter(pk=user_id).update(**changes, version=F("version") + 1)
    return of(user_id)


def digest_reaches(user: Any) -> bool:
    """Say whether mails go to the person: an address that nobody confirmed may be somebody else's."""
    return user.email_verified_at is not None
