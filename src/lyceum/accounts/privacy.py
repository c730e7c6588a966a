"""Accounts' part of a person's data."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.utils import timezone

from lyceum.accounts import avatars, exports, factors, selectors
from lyceum.accounts.models import (
    ExternalIdentity,
    MailedLink,
    Passkey,
    PrivacyJob,
    RecoveryCode,
    ServiceKey,
    Session,
    TokenFamily,
    Totp,
    User,
)
from lyceum.accounts.oauth.models import App, AppGrant, AuthorizationCode, DeviceCode
from lyceum.core import leftovers
from lyceum.core.archives import Archive
from lyceum.core.errors import NotFound
from lyceum.core.privacy import Holder, Subject, declare

PROFILE = [
    "id",
    "email",
    "email_verified_at",
    "first_name",
    "last_name",
    "date_joined",
    "locale",
    "timezone",
    "show_presence",
    "show_typing",
    "is_staff",
    "limit_profile",
]
# What goes with the person; rows that others need lose their name instead.
OWN = (
    Session,
    TokenFamily,
    MailedLink,
    Totp,
    RecoveryCode,
    Passkey,
    ExternalIdentity,
    AppGrant,
    AuthorizationCode,
    DeviceCode,
)
NAME = ("Deleted", "person")


def export(subject: Subject, archive: Archive) -> None:
    user = User.objects.get(pk=subject.id)
    profile = {**{name: getattr(user, name) for name in PROFILE}, "groups": [group.name for group in user.groups.all()]}
    archive.write_list("profile", [profile], title="Profile", about="Your account, without the hash of the password.")
    archive.write_list(
        "sign_ins", _sign_ins(user), title="Sign-ins", about="Where you are signed in, and from which address."
    )
    archive.write_list(
        "factors", _factors(user), title="Second factor and passkeys", about="What you sign in with; no secrets."
    )
    archive.write_list(
        "identities",
        ExternalIdentity.objects.filter(user=user).values("issuer", "subject", "email", "created_at", "last_used_at"),
        title="Linked accounts",
        about="Your accounts with another provider, by which you sign in.",
    )
    archive.write_list("apps", _grants(user), title="Apps that act for you", about="What you allowed, and since when.")
    archive.write_list(
        "service_keys",
        ServiceKey.objects.filter(created_by=user).values(
            "id", "user__first_name", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"
        ),
        title="Service keys",
        about="Keys that you made for services; only how they begin.",
    )
    _add_picture(user, archive)


def _sign_ins(user: User) -> Iterator[dict[str, Any]]:
    for one in selectors.sign_ins_of(user, None, limit=10_000):
        yield {
            "kind": one.kind,
            "through": one.through,
            "app": one.app,
            "created_at": one.created_at,
            "last_seen_at": one.last_seen_at,
            "address": one.address,
            "user_agent": one.user_agent,
        }


def _factors(user: User) -> Iterator[dict[str, Any]]:
    state = factors.state_of(user)
    if state.is_on:
        yield {"kind": "totp", "name": "", "created_at": state.confirmed_at, "last_used_at": state.last_used_at}
    for key in user.passkeys.order_by("created_at"):
        yield {"kind": "passkey", "name": key.name, "created_at": key.created_at, "last_used_at": key.last_used_at}


def _grants(user: User) -> Iterator[dict[str, Any]]:
    for grant in AppGrant.objects.filter(user=user).select_related("app"):
        yield {"app": grant.app.name, "scopes": grant.scopes, "created_at": grant.created_at}


def _add_picture(user: User, archive: Archive) -> None:
    try:
        _name, file = avatars.open_avatar(user.pk)
    except NotFound:
        return
    with file:
        archive.add_file("picture.webp", file)


def erase(subject: Subject) -> None:
    """Make the account that of a deleted person, whom nobody can be or know."""
    for model in OWN:
        model.objects.filter(user=subject.id).delete()
    exports.forget_files(PrivacyJob.objects.filter(user=subject.id, kind=PrivacyJob.Kind.EXPORT))
    user = User.objects.get(pk=subject.id)
    # What staff did in the admin is kept with the name of that time.
    LogEntry.objects.filter(content_type__app_label="accounts", object_id=str(user.pk)).update(
        object_repr=" ".join(NAME)
    )
    user.groups.clear()
    user.user_permissions.clear()
    if user.avatar:
        leftovers.delete_on_commit(avatars.path_of(user.avatar))
    user.first_name, user.last_name = NAME
    user.email, user.email_verified_at = f"{user.pk}@deleted.invalid", None
    user.locale, user.timezone, user.limit_profile, user.avatar = "en", "UTC", "free", ""
    user.show_presence = user.show_typing = user.is_staff = user.is_superuser = user.is_active = False
    user.last_login, user.erase_at, user.erased_at = None, None, timezone.now()
    user.set_unusable_password()
    user.version += 1
    user.save()


TABLES = [*(model._meta.label for model in OWN), *(model._meta.label for model in (User, PrivacyJob, ServiceKey, App))]
declare(Holder("accounts", TABLES, export, erase))
