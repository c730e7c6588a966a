"""The end of an account: closed at once, opened again by signing in, and erased when the days for that are over."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lyceum.accounts import exports, search, services
from lyceum.accounts.contracts import UserErased
from lyceum.accounts.errors import LastStaff
from lyceum.accounts.models import PrivacyJob, User
from lyceum.core import audit, jobs, privacy
from lyceum.core.events import publish

log = structlog.get_logger("lyceum.privacy")


@transaction.atomic
def close(user: User) -> PrivacyJob:
    """Close the account and end every sign-in; it is erased later. Who asks has shown who they are.

    Raises LastStaff when nobody would be left to run the workspace.
    """
    check_staff_remains(user)
    row = User.objects.select_for_update().get(pk=user.pk)
    row.is_active, row.erase_at = False, timezone.now() + timedelta(days=settings.ERASURE_DAYS)
    row.version += 1
    row.save(update_fields=["is_active", "erase_at", "version"])
    services.end_sign_ins(row, keep=None)
    exports.give_up(row)
    search.touch(row.pk)
    found = PrivacyJob.objects.create(user=row, kind=PrivacyJob.Kind.ERASURE, expires_at=row.erase_at)
    audit.record(row, "user.erasure_asked", found.pk)
    jobs.enqueue("accounts.mail_closed", user_id=str(row.pk))
    log.info("account_closed", user=str(row.pk))
    return found


def check_staff_remains(user: User) -> None:
    """Raise LastStaff for the last who runs the workspace; holds the others until the caller's transaction ends."""
    if not user.is_staff:
        return
    staff = User.objects.select_for_update().filter(is_staff=True, is_active=True, is_demo=False).order_by("pk")
    if not [one for one in staff if one.pk != user.pk]:
        raise LastStaff


def due() -> list[UUID]:
    return list(User.objects.filter(erase_at__lte=timezone.now()).values_list("pk", flat=True))


@transaction.atomic
def erase(user_id: UUID) -> bool:
    """Erase a person whose time is over, all or nothing; says whether there was anything to do."""
    user = User.objects.select_for_update().filter(pk=user_id, erase_at__lte=timezone.now()).first()
    if user is None:
        return False
    privacy.erase(privacy.Subject(user.pk, user.email))
    PrivacyJob.objects.filter(user=user, kind=PrivacyJob.Kind.ERASURE).update(state="done", progress=100)
    search.touch(user.pk)
    audit.record(None, "user.erased", user.pk)
    publish(UserErased(user_id=str(user.pk)))
    log.info("user_erased", user=str(user.pk))
    return True
