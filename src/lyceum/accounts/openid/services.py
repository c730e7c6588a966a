"""Whose account a sign-in with the provider is: a linked one, one with the same confirmed address, or a new one."""

import unicodedata
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from lyceum.accounts.bodies import Email, Newcomer
from lyceum.accounts.contracts import UserRegistered
from lyceum.accounts.errors import OnlyWayIn
from lyceum.accounts.models import ExternalIdentity, User, email_key
from lyceum.accounts.openid.errors import AddressUnconfirmed, LinkedElsewhere, LinkFirst, NotWelcome
from lyceum.core import audit
from lyceum.core.errors import NotFound
from lyceum.core.events import publish

LONGEST_NAME = 150


@transaction.atomic
def find_person(issuer: str, claims: dict[str, Any]) -> User:
    """Return the person whom the provider's claims name; links or makes the account where the settings allow it."""
    known = ExternalIdentity.objects.select_related("user").filter(issuer=issuer, subject=claims["sub"]).first()
    email = confirmed_address(claims)
    check_domain(email)
    user = known.user if known is not None else _newly_linked(issuer, claims, email)
    if not user.may_enter:
        raise NotWelcome("Your account here is closed.")
    if known is not None:
        ExternalIdentity.objects.filter(pk=known.pk).update(last_used_at=timezone.now(), email=email or known.email)
    return user


def confirmed_address(claims: dict[str, Any]) -> str:
    """Return the address that the provider vouches for, or nothing."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        return ""
    try:
        return str(Email().run_validation(email))
    except ValidationError:
        return ""


def check_domain(email: str) -> None:
    """Raise unless the address is of a domain that may sign in, where the settings name any."""
    if not settings.OIDC_ALLOWED_DOMAINS:
        return
    if not email:
        raise AddressUnconfirmed
    if email_key(email).rpartition("@")[2] not in settings.OIDC_ALLOWED_DOMAINS:
        raise NotWelcome("Addresses of your domain do not sign in here.")


def _newly_linked(issuer: str, claims: dict[str, Any], email: str) -> User:
    if not email:
        raise AddressUnconfirmed
    user = User.objects.filter(email_key=email_key(email)).first()
    if user is None:
        user = _create(claims, email)
    elif not _may_be_linked(user):
        raise LinkFirst("Sign in with its password, then link it on the page Connections.")
    _link(user, issuer, claims["sub"], email)
    return user


def _may_be_linked(user: User) -> bool:
    """Say whether the same address is enough: both sides have confirmed it, and nobody gains the rights of staff."""
    is_confirmed = user.email_verified_at is not None and user.kind == User.Kind.USER
    return settings.OIDC_LINK_BY_EMAIL and is_confirmed and user.is_active and not user.is_staff


def _create(claims: dict[str, Any], email: str) -> User:
    if not settings.OIDC_CREATE_ACCOUNTS:
        raise NotWelcome("Ask who runs it to make one.")
    first, last = names_in(claims, email)
    form = Newcomer(data={"email": email, "first_name": first, "last_name": last})
    if not form.is_valid():
        raise NotWelcome("The provider tells no address that can be used here.")
    user = User(**form.validated_data, email_verified_at=timezone.now())
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as err:
        # Made a moment ago by somebody else's hand.
        raise LinkFirst("Sign in with its password, then link it on the page Connections.") from err
    audit.record(user, "user.registered", user.pk, through="openid")
    publish(UserRegistered(user_id=str(user.pk)))
    return user


def names_in(claims: dict[str, Any], email: str) -> tuple[str, str]:
    """Make two names that the rules of names allow, from what the provider tells and else from the address."""
    whole = _name(claims.get("name")).split(" ")
    first = _name(claims.get("given_name")) or whole[0]
    last = _name(claims.get("family_name")) or " ".join(whole[1:])
    mailbox = _name(email.partition("@")[0].replace(".", " ").replace("_", " ")).title().split(" ")
    first = first if len(first) > 1 else mailbox[0]
    last = last if len(last) > 1 else " ".join(mailbox[1:])
    return (first if len(first) > 1 else "New"), (last if len(last) > 1 else "Member")


def _name(text: object) -> str:
    """Keep the letters, marks, hyphens, apostrophes and single spaces of a text."""
    if not isinstance(text, str):
        return ""
    allowed = (
        c if unicodedata.category(c)[0] in "LM" or c in "-'’" else " " for c in unicodedata.normalize("NFC", text)
    )
    words = (word.strip("-'’") for word in "".join(allowed).split())
    return " ".join(filter(None, words))[:LONGEST_NAME].strip()


def _link(user: User, issuer: str, subject: str, email: str) -> None:
    try:
        with transaction.atomic():
            ExternalIdentity.objects.create(user=user, issuer=issuer, subject=subject, email=email)
    except IntegrityError as err:
        raise LinkedElsewhere("It, or your account, is linked already.") from err
    audit.record(user, "user.identity_linked", user.pk, issuer=issuer)


@transaction.atomic
def link(user: User, issuer: str, claims: dict[str, Any]) -> None:
    """Link the provider's account to the person who is signed in; raises LinkedElsewhere."""
    email = confirmed_address(claims)
    check_domain(email)
    known = ExternalIdentity.objects.filter(issuer=issuer, subject=claims["sub"]).first()
    if known is not None and known.user_id != user.pk:
        raise LinkedElsewhere("Sign out, and sign in with the provider to get there.")
    if known is None:
        _link(user, issuer, claims["sub"], email)


def identity_of(user: User) -> ExternalIdentity | None:
    """Return the person's account with the provider that the settings name."""
    issuers = (settings.OIDC_ISSUER, f"{settings.OIDC_ISSUER}/")
    return ExternalIdentity.objects.filter(user=user, issuer__in=issuers).first()


def has_another_way_in(user: User) -> bool:
    return user.has_usable_password() or user.passkeys.exists()


@transaction.atomic
def unlink(user: User, identity_id: UUID) -> None:
    """Cut the link; raises OnlyWayIn for somebody without a password and a passkey."""
    # One after the other with `passkeys.remove`: together they would leave no way in.
    User.objects.select_for_update().get(pk=user.pk)
    row = ExternalIdentity.objects.filter(user=user, pk=identity_id).first()
    if row is None:
        raise NotFound
    if not has_another_way_in(user):
        raise OnlyWayIn("Ask for a mail by which you choose one: “Reset your password” on the page for signing in.")
    row.delete()
    audit.record(user, "user.identity_unlinked", user.pk, issuer=row.issuer)
