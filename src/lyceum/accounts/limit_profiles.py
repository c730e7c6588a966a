"""Profiles of limits: given to a person or to a group; the best one counts."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from lyceum.core import audit
from lyceum.core.errors import Invalid, NotFound

if TYPE_CHECKING:
    from lyceum.accounts.models import User

# Groups with a profile are few and change seldom, and every request asks.
REMEMBERED_SECONDS = 10
_remembered: tuple[float, dict[int, str]] = (0.0, {})


def _by_group() -> dict[int, str]:
    global _remembered
    until, found = _remembered
    if time.monotonic() >= until:
        from lyceum.accounts.models import GroupLimits

        found = dict(GroupLimits.objects.values_list("group_id", "limit_profile"))
        _remembered = (time.monotonic() + REMEMBERED_SECONDS, found)
    return found


def forget() -> None:
    """Look groups up anew at the next request of this process."""
    global _remembered
    _remembered = (0.0, {})


def best(user: "User") -> str:
    """Return the best of a person's own profile and those of their groups."""
    given = [user.limit_profile]
    if by_group := _by_group():
        mine = user.groups.filter(pk__in=by_group).values_list("pk", flat=True)
        given += [by_group[group] for group in mine]
    return max(given, key=lambda name: settings.LIMIT_PROFILES[name])


def _check(profile: str) -> None:
    if profile not in settings.LIMIT_PROFILES:
        raise Invalid.field("profile", "invalid", f"Choose one of: {', '.join(settings.LIMIT_PROFILES)}.")


def _person(email: str) -> "User":
    from lyceum.accounts.models import User, email_key

    found = User.objects.filter(email_key=email_key(email)).first()
    if found is None:
        raise NotFound(f"Nobody has the address {email}.")
    return found


def give_to_person(email: str, profile: str) -> None:
    """Give a profile to a person, by address; raises Invalid or NotFound."""
    _check(profile)
    user = _person(email)
    user.limit_profile = profile
    user.save(update_fields=["limit_profile"])
    audit.record(None, "user.limits_changed", user.pk, profile=profile)


@transaction.atomic
def give_to_group(name: str, profile: str, *, members: Sequence[str] = ()) -> None:
    """Give a profile to a group, made where there is none, and take people into it; raises Invalid or NotFound.

    Other processes follow within seconds.
    """
    from lyceum.accounts.models import GroupLimits

    _check(profile)
    group, _ = Group.objects.get_or_create(name=name)
    GroupLimits.objects.update_or_create(group=group, defaults={"limit_profile": profile})
    for email in members:
        _person(email).groups.add(group)
    audit.record(None, "group.limits_changed", group.pk, profile=profile)
    forget()
