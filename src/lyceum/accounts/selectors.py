from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from lyceum.accounts.models import Session, TokenFamily, User, email_key, name_key

SEEN_EVERY = timedelta(minutes=5)
# Where a word begins: after these, besides at the start of the name.
BOUNDARIES = (" ", "-", "'", "’")


@dataclass(frozen=True)
class SignInView:
    id: UUID
    kind: str
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    current: bool


def visible_people(person: User, q: str = "") -> QuerySet[User]:
    """People whom the asker finds in the directory, by name; `q` begins any word of the name."""
    people = User.objects.filter(is_active=True).order_by("name_key", "pk")
    if settings.DIRECTORY == "off" and not person.is_staff:
        return people.none()
    if settings.DIRECTORY == "contacts" and not person.is_staff:
        people = people.filter(participations__conversation__participants__user=person).distinct()
    words = name_key(q.strip())
    if words:
        match = Q(name_key__startswith=words)
        for boundary in BOUNDARIES:
            match |= Q(name_key__contains=f"{boundary}{words}")
        if person.is_staff:
            match |= Q(email_key__startswith=email_key(q))
        people = people.filter(match)
    return people


def note_seen(session_key: str | None) -> UUID | None:
    """Return the id of a browser's sign-in, and remember now and then that it is in use."""
    row = Session.objects.filter(session_key=session_key).values("public_id", "last_seen_at").first()
    if row is None:
        return None
    if timezone.now() - row["last_seen_at"] > SEEN_EVERY:
        Session.objects.filter(session_key=session_key).update(last_seen_at=timezone.now())
    return row["public_id"]


def sign_ins_of(person: User, current: UUID | None, *, limit: int = 100) -> list[SignInView]:
    """The living sign-ins of a person, the newest first."""
    sessions = Session.objects.filter(user=person, expire_date__gt=timezone.now())
    families = TokenFamily.objects.filter(user=person, revoked_at=None, expires_at__gt=timezone.now())
    views = [
        SignInView(
            s.public_id, "browser", s.created_at, s.last_seen_at, s.address, s.user_agent, s.public_id == current
        )
        for s in sessions
    ] + [
        SignInView(f.pk, "token", f.created_at, f.last_seen_at, f.address, f.user_agent, f.pk == current)
        for f in families
    ]
    return sorted(views, key=lambda view: view.created_at, reverse=True)[:limit]
