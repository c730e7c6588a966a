from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from lyceum.accounts import avatars, erasure, exports
from lyceum.accounts.models import MailedLink, Session, Token, TokenFamily, User
from lyceum.accounts.oauth import apps, signing
from lyceum.accounts.oauth.models import AuthorizationCode, DeviceCode
from lyceum.core import jobs, mail
from lyceum.core.jobs import job, schedule

REVOKED_KEPT = timedelta(days=30)
USED_CODES_KEPT = timedelta(days=1)


@job("accounts.mail_verification")
def mail_verification(email: str, url: str) -> None:
    mail.send(email, _("Confirm your address"), _("Open this link to confirm your address:\n\n%s\n") % url)


@job("accounts.mail_reset")
def mail_reset(email: str, url: str) -> None:
    text = _("Open this link within an hour to choose a new password:\n\n%s\n\nIf you did not ask, do nothing.\n")
    mail.send(email, _("Choose a new password"), text % url)


@job("accounts.mail_known_address")
def mail_known_address(user_id: str) -> None:
    user = User.objects.get(pk=user_id)
    text = _("Somebody tried to register with your address. You have an account already; nothing has changed.\n")
    mail.send(user.email, _("You have an account"), text)


@job("accounts.mail_moved_address")
def mail_moved_address(email: str) -> None:
    text = _(
        "The account that had this address has another one now; this one signs nobody in any more.\n\n"
        "If that was not you, ask those who run the workspace for help:\n\n%s\n"
    )
    mail.send(email, _("Your account has another address"), text % settings.PUBLIC_URL)


FACTOR_MAILS = {
    "totp_added": (
        later("Second factor turned on"),
        later("From now on your password is asked for together with a code."),
    ),
    "totp_removed": (later("Second factor turned off"), later("From now on your password alone lets you in.")),
    "recovery_code_used": (
        later("Recovery code used"),
        later("One of your recovery codes was used in place of your app."),
    ),
    "recovery_codes_renewed": (
        later("New recovery codes"),
        later("New recovery codes were made; the old ones are dead."),
    ),
    "passkey_added": (later("Passkey added"), later("A passkey was added, with which one signs in to your account.")),
    "passkey_removed": (later("Passkey removed"), later("A passkey was removed from your account.")),
    "factors_removed_by_operator": (
        later("Second factor and passkeys removed"),
        later("Who runs the workspace took your second factor and your passkeys away."),
    ),
}


@job("accounts.mail_factor")
def mail_factor(user_id: str, what: str) -> None:
    user = User.objects.get(pk=user_id)
    subject, fact = FACTOR_MAILS[what]
    advice = _("If that was not you, change your password at once and look at your sign-ins:")
    text = f"{fact}\n\n{advice}\n\n{settings.PUBLIC_URL}/security/\n"
    mail.send(user.email, str(subject), text)


@job("accounts.mail_closed")
def mail_closed(user_id: str) -> None:
    user = User.objects.get(pk=user_id)
    if user.erase_at is None:
        return
    text = _(
        "Your account is closed, as you asked. It is erased on %(day)s (UTC).\n\n"
        "If you want to keep it, or if that was not you, sign in before then:\n\n%(url)s\n"
    )
    day = user.erase_at.strftime("%Y-%m-%d %H:%M")
    mail.send(user.email, _("Your account is closed"), text % {"day": day, "url": f"{settings.PUBLIC_URL}/sign-in/"})


@job("accounts.export", tries=1)
def export(export_id: str) -> None:
    exports.make(UUID(export_id))


@schedule("37 * * * *", "accounts.forget_exports")
def forget_exports(timestamp: int) -> None:
    exports.forget_old()
    exports.sweep()


@schedule("7 * * * *", "accounts.erase_due")
def erase_due(timestamp: int) -> None:
    for user_id in erasure.due():
        jobs.enqueue("accounts.erase", user_id=str(user_id))


@job("accounts.erase")
def erase(user_id: str) -> None:
    erasure.erase(UUID(user_id))


@schedule("23 4 * * *", "accounts.sweep_avatars")
def sweep_avatars(timestamp: int) -> None:
    avatars.sweep()


@schedule("41 3 * * *", "accounts.forget_sign_ins")
def forget_sign_ins(timestamp: int) -> None:
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    # An old token is still known for what it was: a second use of it ends its family.
    Token.objects.filter(expires_at__lt=now - REVOKED_KEPT).delete()
    TokenFamily.objects.filter(expires_at__lt=now - REVOKED_KEPT).delete()
    MailedLink.objects.filter(expires_at__lt=now).delete()
    DeviceCode.objects.filter(expires_at__lt=now).delete()
    # A used code is known for a while longer, so that a second use of it is noticed.
    AuthorizationCode.objects.filter(expires_at__lt=now - USED_CODES_KEPT).delete()
    apps.forget_unused()
    signing.replace_old()
