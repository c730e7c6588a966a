"""Profiles of limits: given to a person or to a group; the best one counts."""

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group

from lyceum.core.errors import Invalid

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


def give_to_user(user: "User", profile: str) -> None:
    _check(profile)
    user.limit_profile = profile
    user.save(update_fields=["limit_profile"])


def give_to_group(group: Group, profile: str) -> None:
    """Give a profile to all members of a group; other processes follow within seconds."""
    from lyceum.accounts.models import GroupLimits

    _check(profile)
    GroupLimits.objects.update_or_create(group=group, defaults={"limit_profile": profile})
    forget()
