"""What other parts may ask of accounts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from lyceum.accounts import devices, factors, keys, limit_profiles, reauthentication, services, session_proofs
from lyceum.accounts.bodies import KeyBody, Newcomer, RegisterBody
from lyceum.accounts.models import Session, TokenFamily, User, avatar_url, email_key
from lyceum.accounts.sign_ins import SignIn, is_alive
from lyceum.accounts.sign_ins import by_cookie as sign_in_by_cookie
from lyceum.accounts.sign_ins import by_ticket as sign_in_by_ticket
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.problems import flatten


def living_sign_ins(ids: Collection[UUID]) -> set[UUID]:
    """Return those of some sign-ins of people that still stand."""
    if not ids:
        return set()
    now = timezone.now()
    sessions = Session.objects.filter(public_id__in=ids, expire_date__gt=now, user__is_active=True)
    families = TokenFamily.objects.filter(pk__in=ids, revoked_at=None, expires_at__gt=now, user__is_active=True)
    rows = sessions.values_list("public_id", "session_data", "user__password")
    browsers = {public_id for public_id, *proof in rows if session_proofs.holds(proof)}
    return browsers | set(families.values_list("pk", flat=True))


def device_name(user_agent: str) -> str:
    """Return such as "Firefox on Linux"; empty for what says nothing."""
    return devices.name(user_agent)


@dataclass(frozen=True)
class Reader:
    """A person who can be written to: the address is confirmed to be theirs."""

    id: UUID
    email: str
    first_name: str
    locale: str
    timezone: str


def _readers() -> QuerySet[User]:
    return User.objects.filter(is_active=True, is_demo=False, kind=User.Kind.USER, email_verified_at__isnull=False)


def readers_after(user_id: UUID | None, *, limit: int) -> list[Reader]:
    """Return people who can be written to, in the order of their ids, after one of them or from the first."""
    rows = _readers().order_by("pk")
    rows = rows if user_id is None else rows.filter(pk__gt=user_id)
    return [Reader(*row) for row in rows.values_list("pk", "email", "first_name", "locale", "timezone")[:limit]]


def reader(user_id: UUID) -> Reader | None:
    """Return a person, if they can be written to."""
    row = _readers().filter(pk=user_id).values_list("pk", "email", "first_name", "locale", "timezone").first()
    return Reader(*row) if row is not None else None


def staff_addresses() -> list[str]:
    """Return where those who run the workspace get mail."""
    staff = User.objects.filter(is_staff=True, is_active=True, is_demo=False, kind=User.Kind.USER)
    return list(staff.order_by("pk").values_list("email", flat=True))


def create_setup_token() -> str | None:
    """Make the one-time set-up link's token; None when a staff account exists."""
    return services.create_setup_token()


def give_limit_profile(name: str, profile: str, *, is_group: bool = False, members: Sequence[str] = ()) -> None:
    """Give a profile of limits to a person, by address, or to a group, by name; raises Invalid or NotFound."""
    if is_group:
        limit_profiles.give_to_group(name, profile, members=members)
    else:
        limit_profiles.give_to_person(name, profile)


def check_newcomer(email: str, first_name: str, last_name: str) -> None:
    """Raise Invalid with what stands in the way of an account before there is a password."""
    form = Newcomer(data={"email": email, "first_name": first_name, "last_name": last_name})
    if not form.is_valid():
        raise Invalid(errors=list(flatten(form.errors)))
    services.check_free(email)


def create_staff(email: str, first_name: str, last_name: str, password: str) -> UUID:
    """Create a staff account; raises Invalid with every broken rule."""
    names = {"email": email, "first_name": first_name, "last_name": last_name}
    form = RegisterBody(data={**names, "password": password, "password_confirm": password})
    if not form.is_valid():
        raise Invalid(errors=list(flatten(form.errors)))
    return services.register(**form.validated_data, is_staff=True).pk


def create_service_key(name: str, scopes: Sequence[str], *, limit_profile: str, days: int | None) -> str:
    """Make a service key that lives so many days, or until it is revoked; returns its secret. Raises Invalid."""
    expires_at = None if days is None else (timezone.now() + timedelta(days=days)).isoformat()
    form = KeyBody(
        data={"name": name, "scopes": list(scopes), "limit_profile": limit_profile, "expires_at": expires_at}
    )
    if not form.is_valid():
        raise Invalid(errors=list(flatten(form.errors)))
    return keys.create(**form.validated_data, actor=None)[1]


def reauthenticate(
    user_id: UUID, *, password: str, otp: str = "", address: str, sign_in_id: UUID | None = None
) -> None:
    """Pass when these are the person's password and, where they have one, a code of their second factor.

    For who has no password (they come by another provider), a sign-in of less than ten minutes stands for it. Raises
    Invalid at `password` or `otp`, Locked or ConfirmationRequired.
    """
    user = User.objects.get(pk=user_id)
    reauthentication.reauthenticate(user, password=password, otp=otp, address=address, sign_in_id=sign_in_id)


def _find(email: str) -> User:
    user = User.objects.filter(email_key=email_key(email)).first()
    if user is None:
        raise NotFound(f"Nobody has the address {email}.")
    return user


def check_known(email: str) -> None:
    """Raise NotFound unless somebody has the address."""
    _find(email)


def remove_factors(email: str) -> list[str]:
    """Take the second factor and the passkeys of who lost them away, by address; returns what there was.

    Raises NotFound.
    """
    return factors.remove_all(_find(email))


__all__ = [
    "Invalid",
    "Reader",
    "SignIn",
    "avatar_url",
    "check_known",
    "check_newcomer",
    "create_service_key",
    "create_setup_token",
    "create_staff",
    "device_name",
    "give_limit_profile",
    "is_alive",
    "living_sign_ins",
    "reader",
    "readers_after",
    "reauthenticate",
    "remove_factors",
    "sign_in_by_cookie",
    "sign_in_by_ticket",
    "staff_addresses",
]
