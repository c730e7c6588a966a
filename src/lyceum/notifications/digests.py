"""Mails about what a person has not seen: at most one an hour or a day, only while they are away, never twice."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from lyceum.accounts.public import Reader, readers_after
from lyceum.core import audit, jobs, mail, presence
from lyceum.core.errors import NotFound
from lyceum.notifications import preferences
from lyceum.notifications.models import Preferences

log = structlog.get_logger("lyceum.digests")
MORNING = time(8)
# A daily digest that could not go out in the morning may still do so until the afternoon.
WINDOWS = {"hourly": timedelta(hours=1), "daily": timedelta(hours=6)}
# What is older was missed for another reason.
LOOK_BACK = timedelta(days=7)
AT_ONCE = 500
SALT = "notifications.digest"


@dataclass(frozen=True)
class Entry:
    """One thing that was written, with its text where that may be shown."""

    who: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Section:
    """One place with something new: how much, and the last of it."""

    title: str
    path: str
    count: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}{self.path}"


class Source(NamedTuple):
    """Who may have something new, of some people; and what it is for one of them, since a moment."""

    waiting: Callable[[Collection[UUID]], set[UUID]]
    sections: Callable[[UUID, datetime], list[Section]]


_sources: list[Source] = []


def declare(source: Source) -> None:
    _sources.append(source)


def slot(kind: str, zone: str, now: datetime) -> datetime | None:
    """Return when the digest of this hour, or of this day at 8 in a time zone, was due; None once it is too late."""
    if kind not in WINDOWS:
        return None
    local = now.astimezone(ZoneInfo(zone))
    begun = local.replace(minute=0, second=0, microsecond=0)
    if kind == "daily":
        begun = datetime.combine(local.date(), MORNING, local.tzinfo)
        if begun > local:
            begun = datetime.combine(local.date() - timedelta(days=1), MORNING, local.tzinfo)
    return begun if now - begun < WINDOWS[kind] else None


def _is_due(found: Preferences, reader: Reader, now: datetime) -> bool:
    since = slot(found.digest, reader.timezone, now)
    return since is not None and (found.digest_sent_at is None or found.digest_sent_at < since)


def start(now: datetime | None = None) -> int:
    """Queue a job for each person whose digest is due and who may have something in it; returns how many."""
    now, after, queued = now or timezone.now(), None, 0
    while readers := readers_after(after, limit=AT_ONCE):
        after = readers[-1].id
        chosen = Preferences.objects.in_bulk([reader.id for reader in readers])
        due = [one.id for one in readers if _is_due(chosen.get(one.id, Preferences()), one, now)]
        waiting = {user_id for source in _sources for user_id in source.waiting(due)} if due else set()
        for user_id in waiting - _present(waiting):
            jobs.enqueue("notifications.digest", user_id=str(user_id))
            queued += 1
    return queued


def _present(user_ids: Collection[UUID]) -> set[UUID]:
    """Return who of them is here, and so is told by the page; nobody while that cannot be known."""
    try:
        return {user_id for user_id, state in presence.states(user_ids).items() if state != "offline"}
    except RedisError:
        return set()


@transaction.atomic
def send(reader: Reader, now: datetime | None = None) -> bool:
    """Mail a person what they have not seen; says whether there was a mail.

    The moment is kept in the same transaction, under a lock: who asks again finds that it was done, and a mail server
    that was away leaves everything as it was.
    """
    now = now or timezone.now()
    Preferences.objects.get_or_create(pk=reader.id)
    found = Preferences.objects.select_for_update().get(pk=reader.id)
    if not _is_due(found, reader, now) or _present([reader.id]):
        return False
    since = max(found.digest_sent_at or now - LOOK_BACK, now - LOOK_BACK)
    with translation.override(reader.locale), timezone.override(ZoneInfo(reader.timezone)):
        sections = [section for source in _sources for section in source.sections(reader.id, since)]
        if not sections:
            return False
        _mail(reader, sections, found.digest, now)
    Preferences.objects.filter(pk=reader.id).update(digest_sent_at=now)
    return True


def _mail(reader: Reader, sections: list[Section], kind: str, now: datetime) -> None:
    count = sum(section.count for section in sections)
    stop = settings.PUBLIC_URL + reverse("notifications:unsubscribe", args=[token_of(reader.id)])
    context = {
        "reader": reader,
        "sections": sections,
        "title": ngettext("%d message waits for you", "%d messages wait for you", count) % count,
        "why": _("You get this every hour, while you are away.") if kind == "hourly" else _("You get this once a day."),
        "stop": stop,
        "choose": settings.PUBLIC_URL + reverse("notifications:settings"),
    }
    host = urlsplit(settings.PUBLIC_URL).hostname
    headers = {
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        # The same for a repeat, so that mail servers know one.
        "Message-ID": f"<digest.{reader.id.hex}.{slot(kind, reader.timezone, now):%Y%m%d%H}@{host}>",
    }
    text = render_to_string("notifications/digest.txt", context)
    html = render_to_string("notifications/digest.html", context)
    mail.send(reader.email, str(context["title"]), text, html=html, headers=headers)


def token_of(user_id: UUID) -> str:
    """Make what lets the holder of a mail stop such mails, and do nothing else."""
    return signing.dumps(str(user_id), salt=SALT)


def read_token(token: str) -> UUID:
    try:
        return UUID(signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError) as err:
        raise NotFound("This link is not whole.") from err


@transaction.atomic
def stop(user_id: UUID, user: Any = None) -> None:
    """Send no digests any more; a second time changes nothing."""
    if preferences.of(user_id).digest != Preferences.Digest.OFF:
        preferences.change(user_id, digest=Preferences.Digest.OFF)
        audit.record(user, "digest.stopped", user_id)
