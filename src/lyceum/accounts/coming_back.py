"""Signing in to an account that its person closed opens it again, as long as it was not erased."""

import structlog
from django.db import transaction

from lyceum.accounts import search
from lyceum.accounts.errors import InvalidCredentials
from lyceum.accounts.models import PrivacyJob, User
from lyceum.core import audit

log = structlog.get_logger("lyceum.privacy")


@transaction.atomic
def open_again(user: User) -> None:
    """Take the erasure back for who signed in in time; raises InvalidCredentials when it happened meanwhile."""
    row = User.objects.select_for_update().get(pk=user.pk)
    if not row.may_enter:
        raise InvalidCredentials
    row.is_active, row.erase_at = True, None
    row.version += 1
    row.save(update_fields=["is_active", "erase_at", "version"])
    PrivacyJob.objects.filter(user=row, kind=PrivacyJob.Kind.ERASURE, state__in=PrivacyJob.OPEN).delete()
    search.touch(row.pk)
    audit.record(row, "user.erasure_undone", row.pk)
    user.is_active, user.erase_at, user.came_back = True, None, True
    log.info("account_opened_again", user=str(user.pk))
