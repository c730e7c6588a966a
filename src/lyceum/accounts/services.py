import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from lyceum.accounts import coming_back, exports, factors, keys, lockout, search, selectors
from lyceum.accounts.contracts import PresenceSharingChanged, UserRegistered
from lyceum.accounts.errors import EmailUnverified, InvalidCredentials, OtpRequired
from lyceum.accounts.models import MailedLink, ServiceKey, Session, TokenFamily, User, email_key
from lyceum.accounts.oauth.models import AuthorizationCode, DeviceCode
from lyceum.accounts.passwords import broken_rules
from lyceum.accounts.reauthentication import check_own_hand, check_own_password
from lyceum.accounts.tokens import revoke_family, token_hash
from lyceum.core import audit, jobs
from lyceum.core.errors import FieldError, Invalid, NotFound
from lyceum.core.events import publish
from lyceum.core.live import push_on_commit

log = structlog.get_logger("lyceum.auth")
LINK_LIFETIMES = {
    MailedLink.Purpose.RESET: timedelta(hours=1),
    MailedLink.Purpose.VERIFY: timedelta(days=3),
    MailedLink.Purpose.SETUP: timedelta(days=7),
}


def check_password(password: str, password_confirm: str, *, email: str, names: list[str]) -> list[FieldError]:
    return broken_rules(password, password_confirm, email=email, names=names)


def check_free(email: str) -> None:
    """Raise Invalid when there is an account with this address."""
    if User.objects.filter(email_key=email_key(email)).exists():
        raise Invalid(errors=[_taken()])


def _taken() -> FieldError:
    return FieldError("email", "taken", "There is an account with this address.")


def register(
    *, email: str, first_name: str, last_name: str, password: str, password_confirm: str, is_staff: bool = False
) -> User:
    """Create a person. Raises Invalid with every broken rule; where verification is required, a known
    address gets a mail and looks the same to the asker. Staff are made by who runs the server: they are told
    what is taken, and enter at once."""
    errors = check_password(password, password_confirm, email=email, names=[first_name, last_name])
    taken = User.objects.filter(email_key=email_key(email)).first()
    must_verify = settings.EMAIL_VERIFICATION == "required"
    hide = must_verify and not is_staff
    if taken is not None and not hide:
        errors.insert(0, _taken())
    if errors:
        raise Invalid(errors=errors)
    if taken is not None:
        return _look_registered(taken, password, email=email, first_name=first_name, last_name=last_name)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email,
                password,
                first_name=first_name,
                last_name=last_name,
                is_staff=is_staff,
                email_verified_at=timezone.now() if is_staff and must_verify else None,
            )
            audit.record(user, "user.registered", user.pk)
            search.touch(user.pk)
            publish(UserRegistered(user_id=str(user.pk)))
            if user.email_verified_at is None:
                send_verification(user, user.email)
    except IntegrityError as err:
        if hide:
            taken = User.objects.get(email_key=email_key(email))
            return _look_registered(taken, "", email=email, first_name=first_name, last_name=last_name)
        raise Invalid(errors=[_taken()]) from err
    return user


@transaction.atomic
def _look_registered(taken: User, password: str, **person: str) -> User:
    """Do for a known address what takes the time of a registration, and tell only its owner."""
    if password:
        make_password(password)
    if taken.email_verified_at is None and taken.is_active:
        send_verification(taken, taken.email)
    else:
        jobs.enqueue("accounts.mail_known_address", user_id=str(taken.pk))
    audit.record(None, "user.registered_again", taken.pk)
    return User(**person)


def check_credentials(email: str, password: str, *, otp: str = "", address: str) -> User:
    """Return the person whose address and password these are, with a code of their second factor where there is one.

    Raises InvalidCredentials, OtpRequired, Locked or EmailUnverified.
    """
    number = lockout.begin(email, address)
    user = authenticate(email=email, password=password) or _closed(email, password)
    if not isinstance(user, User):
        log.warning("sign_in_failed", address=address)
        raise InvalidCredentials
    if factors.is_on(user):
        if not otp:
            lockout.undo(email, address, number)
            raise OtpRequired(user)
        check_code(user, otp, address=address)
    lockout.succeed(email, address)
    return admit(user, address=address)


def _closed(email: str, password: str) -> User | None:
    """Return who closed the account themselves and has come back in time, whom Django's own look does not know."""
    user = User.objects.filter(email_key=email_key(email), is_active=False).first()
    return user if user is not None and user.may_enter and user.check_password(password) else None


def pass_second_step(user: User, otp: str, *, address: str, way: str) -> User:
    """Return a person whose first factor is known, with a code of their second; raises as `check_credentials` does."""
    lockout.begin(user.email, address)
    check_code(user, otp, address=address)
    lockout.succeed(user.email, address)
    return admit(user, address=address, way=way)


def check_code(user: User, otp: str, *, address: str) -> None:
    """Use a code up; raises InvalidCredentials, which says no more than that about the account."""
    if not factors.use_code(user, otp):
        log.warning("otp_refused", user=str(user.pk), address=address)
        raise InvalidCredentials(factors.WRONG_CODE)


def admit(user: User, *, address: str, way: str = "password") -> User:
    """Return a person who has shown who they are, and note it; raises EmailUnverified."""
    if settings.EMAIL_VERIFICATION == "required" and user.email_verified_at is None:
        raise EmailUnverified
    if user.erase_at is not None:
        coming_back.open_again(user)
    audit.record(user, "user.signed_in", user.pk, address=address, way=way)
    log.info("signed_in", user=str(user.pk), address=address, way=way)
    return user


def _make_link(purpose: MailedLink.Purpose, user: User | None, email: str = "") -> str:
    token = secrets.token_urlsafe(32)
    expires = timezone.now() + LINK_LIFETIMES[purpose]
    MailedLink.objects.create(hash=token_hash(token), purpose=purpose, user=user, email=email, expires_at=expires)
    return token


def _dead_link() -> Invalid:
    return Invalid.field("token", "invalid", "This link was used or is too old. Ask for a new one.")


def _use_link(token: str, purpose: MailedLink.Purpose) -> MailedLink:
    """Take a link out of use; raises Invalid when it is unknown, used or too old."""
    link = selectors.living_links(token, purpose).select_for_update().first()
    if link is None:
        raise _dead_link()
    if link.user_id is None:
        link.delete()
    else:
        # One that was opened ends the others that were asked for beside it.
        MailedLink.objects.filter(user=link.user_id, purpose=purpose).delete()
    return link


def _mailable(email: str) -> QuerySet[User]:
    """Return who gets links at an address: a person whose account is open. Services have no mail."""
    return User.objects.filter(email_key=email_key(email), is_active=True, kind=User.Kind.USER)


@transaction.atomic
def ask_for_verification(email: str) -> None:
    """Mail the link again to somebody whose address is not confirmed; takes the same way for everybody else."""
    user = _mailable(email).filter(email_verified_at=None).first()
    if user is not None:
        send_verification(user, user.email)


def send_verification(user: User, email: str) -> None:
    token = _make_link(MailedLink.Purpose.VERIFY, user, email)
    jobs.enqueue("accounts.mail_verification", email=email, url=f"{settings.PUBLIC_URL}/verify/{token}/")


@transaction.atomic
def verify_email(token: str) -> User:
    link = _use_link(token, MailedLink.Purpose.VERIFY)
    assert link.user is not None
    user = User.objects.select_for_update().get(pk=link.user.pk)
    other = User.objects.filter(email_key=email_key(link.email)).exclude(pk=user.pk)
    if other.exists():
        raise Invalid.field("token", "taken", "Another account has this address now.")
    before = user.email
    user.email, user.email_verified_at, user.version = link.email, timezone.now(), user.version + 1
    try:
        user.save(update_fields=["email", "email_verified_at", "version"])
    except IntegrityError as err:
        # Somebody else took it between the two looks.
        raise Invalid.field("token", "taken", "Another account has this address now.") from err
    if email_key(before) != email_key(user.email):
        jobs.enqueue("accounts.mail_moved_address", email=before)
    audit.record(user, "user.email_verified", user.pk)
    return user


@transaction.atomic
def change_email(user: User, *, email: str, password: str = "", address: str, sign_in_id: UUID | None = None) -> None:
    """Send a link to the new address; it becomes the login when that is opened."""
    check_own_hand(user, password=password, address=address, sign_in_id=sign_in_id)
    other = User.objects.filter(email_key=email_key(email)).exclude(pk=user.pk).first()
    if other is not None and settings.EMAIL_VERIFICATION == "required":
        jobs.enqueue("accounts.mail_known_address", user_id=str(other.pk))
        return
    if other is not None:
        raise Invalid.field("email", "taken", "There is an account with this address.")
    send_verification(user, email.strip())
    audit.record(user, "user.email_change_asked", user.pk)


def change_password(
    user: User, *, current_password: str, password: str, password_confirm: str, keep: UUID | None, address: str
) -> None:
    """Set a new password; every other sign-in of the person ends, with its sockets."""
    errors = check_password(password, password_confirm, email=user.email, names=[user.first_name, user.last_name])
    try:
        check_own_password(user, current_password, address, field="current_password")
    except Invalid as err:
        errors = [*err.errors, *errors]
    if errors:
        raise Invalid(errors=errors)
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        row.set_password(password)
        row.version += 1
        row.save(update_fields=["password", "version"])
        end_sign_ins(row, keep=keep)
        end_links(row)
        audit.record(row, "user.password_changed", row.pk)
    user.password = row.password


@transaction.atomic
def ask_for_reset(email: str) -> None:
    """Mail a link to the address if somebody has it; takes the same way for strangers.

    Who closed their account and may still come back by signing in gets one too.
    """
    user = User.objects.filter(email_key=email_key(email), kind=User.Kind.USER).first()
    if user is None or not user.may_enter:
        return
    token = _make_link(MailedLink.Purpose.RESET, user, user.email)
    jobs.enqueue("accounts.mail_reset", email=user.email, url=f"{settings.PUBLIC_URL}/reset/{token}/")


@transaction.atomic
def reset_password(*, token: str, password: str, password_confirm: str) -> None:
    link = _use_link(token, MailedLink.Purpose.RESET)
    assert link.user is not None
    user = User.objects.select_for_update().get(pk=link.user.pk)
    if not user.may_enter or email_key(link.email) != email_key(user.email):
        raise _dead_link()
    if errors := check_password(password, password_confirm, email=user.email, names=[user.first_name, user.last_name]):
        raise Invalid(errors=errors)
    user.set_password(password)
    user.version += 1
    # Who opened the link reads the address's mail.
    user.email_verified_at = user.email_verified_at or timezone.now()
    user.save(update_fields=["password", "email_verified_at", "version"])
    end_sign_ins(user, keep=None)
    end_links(user)
    audit.record(user, "user.password_reset", user.pk)


def end_links(user: User) -> None:
    """Kill what somebody may have asked for with the old password or address, such as a change of the address."""
    MailedLink.objects.filter(user=user).exclude(purpose=MailedLink.Purpose.VERIFY, email=user.email).delete()


@transaction.atomic
def end_sign_ins(user: User, *, keep: Any) -> None:
    """End every session and token family of a person except `keep`; their sockets close within 2 seconds.

    What an app could still trade for tokens ends too.
    """
    AuthorizationCode.objects.filter(user=user, family=None).delete()
    DeviceCode.objects.filter(user=user).delete()
    for session in Session.objects.filter(user=user).exclude(public_id=keep):
        _end_session(session)
    for family in TokenFamily.objects.filter(user=user, revoked_at=None).exclude(pk=keep):
        revoke_family(family)
    for key_id in ServiceKey.objects.filter(user=user, revoked_at=None).values_list("pk", flat=True):
        keys.revoke(key_id, actor=None)


def _end_session(session: Session) -> None:
    push_on_commit(f"session:{session.public_id}", {}, control="close:4401")
    session.delete()


@transaction.atomic
def end_sign_in(user: User, sign_in_id: UUID) -> None:
    """End one sign-in of the person, a browser's or a program's."""
    session = Session.objects.filter(user=user, public_id=sign_in_id).first()
    family = TokenFamily.objects.filter(user=user, pk=sign_in_id, revoked_at=None).first()
    if session is not None:
        _end_session(session)
    elif family is not None:
        revoke_family(family)
    else:
        raise NotFound
    audit.record(user, "user.sign_in_ended", sign_in_id)


@transaction.atomic
def update_profile(user: User, *, check: Callable[[User], None], **changes: object) -> User:
    """Change the profile; `check` sees the locked row and raises when it is not the one that was read."""
    row = User.objects.select_for_update().get(pk=user.pk)
    check(row)
    changes = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not changes:
        return row
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.save()
    audit.record(user, "user.profile_changed", user.pk, fields=sorted(changes))
    search.touch(row.pk)
    if "show_presence" in changes:
        publish(PresenceSharingChanged(user_id=str(row.pk), is_shown=row.show_presence))
    return row


@transaction.atomic
def deactivate(user: User, *, actor: User | None) -> None:
    """Close an account for sign-in; its sessions, tokens and sockets end.

    One that its person closed before is erased on the day that they were told, and they cannot take that back.
    """
    User.objects.filter(pk=user.pk).update(is_active=False, is_barred=True, version=F("version") + 1)
    end_sign_ins(user, keep=None)
    exports.give_up(user)
    search.touch(user.pk)
    audit.record(actor, "user.deactivated", user.pk)


@transaction.atomic
def create_setup_token() -> str | None:
    """Make the one-time link of a new server; None when it has a staff account already."""
    if selectors.has_staff():
        return None
    MailedLink.objects.filter(purpose=MailedLink.Purpose.SETUP).delete()
    return _make_link(MailedLink.Purpose.SETUP, None)


@transaction.atomic
def set_up(token: str, **person: str) -> User:
    """Create the first staff account with the set-up link; a mistake in the form leaves the link good."""
    _use_link(token, MailedLink.Purpose.SETUP)
    return register(is_staff=True, **person)
