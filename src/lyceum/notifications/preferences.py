from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction

from lyceum.core.conditions import unbound
from lyceum.notifications.models import Preferences


def of(user_id: UUID) -> Preferences:
    """Return how a person wants to be told; what was never chosen is as at the start, and is not stored."""
    return Preferences.objects.filter(pk=user_id).first() or Preferences(user_id=user_id)


@transaction.atomic
def change(user_id: UUID, *, check: Callable[[Preferences], None] = unbound, **changes: Any) -> Preferences:
    """Change how a person wants to be told; `check` sees the locked row and raises when it is not the one read."""
    Preferences.objects.get_or_create(pk=user_id)
    found = Preferences.objects.select_for_update().get(pk=user_id)
    check(found)
    for name, value in changes.items():
        setattr(found, name, value)
    found.version += 1
    found.save(update_fields=[*changes, "version"])
    return found


def digest_reaches(user: Any) -> bool:
    """Say whether mails go to the person: an address that nobody confirmed may be somebody else's."""
    return user.email_verified_at is not None
