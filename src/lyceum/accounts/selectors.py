from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from lyceum.accounts import devices
from lyceum.accounts.models import MailedLink, ServiceKey, Session, TokenFamily, User, email_key, name_key
from lyceum.accounts.tokens import token_hash
from lyceum.core import presence

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
    through: str
    app: str | None = None

    @property
    def device(self) -> str:
        return self.app or devices.name(self.user_agent)

    @property
    def device_icon(self) -> str:
        return devices.icon(self.user_agent)


@dataclass(frozen=True)
class DirectoryPage:
    """One numbered page of the directory; each person with online, away, offline, or nothing where it is hidden."""

    people: list[tuple[User, str]]
    count: int
    number: int
    has_next: bool


def visible_people(person: User, q: str = "") -> QuerySet[User]:
    """People whom the asker finds in the directory, by name; `q` begins any word of the name."""
    people = User.objects.filter(is_active=True).order_by("name_key", "pk")
    if settings.DIRECTORY == "off" and not person.is_staff:
        return people.none()
    if settings.DIRECTORY == "contacts" and not person.is_staff:
        shared = {"participations__conversation__participants__user": person}
        people = people.filter(**shared, participations__conversation__ended_at=None).distinct()
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


def directory_page(person: User, q: str, *, page: int, size: int) -> DirectoryPage:
    """Return a page of the people whom the asker finds; a page beyond the end is empty."""
    number = max(1, page)
    people = visible_people(person, q)
    count = people.count()
    rows = list(people[(number - 1) * size : number * size])
    states = presence.states([row.pk for row in rows])
    shown = [(row, states[row.pk] if row.show_presence else "") for row in rows]
    return DirectoryPage(shown, count, number, number * size < count)


def sign_ins_of(person: User, current: UUID | None, *, limit: int = 100) -> list[SignInView]:
    """The living sign-ins of a person, the newest first."""
    sessions = Session.objects.filter(user=person, expire_date__gt=timezone.now())
    families = TokenFamily.objects.filter(user=person, revoked_at=None, expires_at__gt=timezone.now())
    families = families.select_related("app")
    views = [
        SignInView(
            s.public_id,
            "browser",
            s.created_at,
            s.last_seen_at,
            s.address,
            s.user_agent,
            s.public_id == current,
            s.through,
        )
        for s in sessions
    ] + [
        SignInView(
            f.pk,
            "token",
            f.created_at,
            f.last_seen_at,
            f.address,
            f.user_agent,
            f.pk == current,
            f.through,
            f.app.name if f.app else None,
        )
        for f in families
    ]
    return sorted(views, key=lambda view: view.created_at, reverse=True)[:limit]


@dataclass(frozen=True)
class KeyView:
    id: UUID
    name: str
    user: UUID
    prefix: str
    scopes: list[str]
    limit_profile: str
    created_by: UUID | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    state: str


def all_keys() -> QuerySet[ServiceKey]:
    """The service keys of the workspace, for staff; those that ended too."""
    return ServiceKey.objects.select_related("user")


def key_view(key: ServiceKey) -> KeyView:
    is_over = key.expires_at is not None and key.expires_at <= timezone.now()
    return KeyView(
        key.pk,
        key.name,
        key.user_id,
        key.prefix,
        key.scopes,
        key.limit_profile,
        key.created_by_id,
        key.created_at,
        key.last_used_at,
        key.expires_at,
        "revoked" if key.revoked_at else "expired" if is_over else "alive",
    )


def has_staff() -> bool:
    """Say whether somebody runs the workspace: a staff account besides those of the demo."""
    return User.objects.filter(is_staff=True, is_demo=False).exists()


def living_links(token: str, purpose: MailedLink.Purpose) -> QuerySet[MailedLink]:
    """Return the mailed link while it can be used, or nothing; that for set-up ends with the first staff account."""
    links = MailedLink.objects.filter(hash=token_hash(token), purpose=purpose, expires_at__gt=timezone.now())
    return links.none() if purpose == MailedLink.Purpose.SETUP and has_staff() else links
