from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.accounts.lockout import WINDOW_SECONDS
from lyceum.accounts.models import MailedLink
from lyceum.accounts.services import LINK_LIFETIMES
from lyceum.accounts.tasks import REVOKED_KEPT
from lyceum.core.retention import Kept, declare


def _days(span: timedelta) -> str:
    return ngettext("%d day", "%d days", span.days) % span.days


@declare
def kept() -> list[Kept]:
    minutes = WINDOW_SECONDS // 60
    return [
        Kept(
            _("Your account"),
            _("Until it is removed"),
            _("Names, picture, e-mail, time zone, language, what you let others see. Of the password only a hash."),
        ),
        Kept(
            _("Second factor and passkeys"),
            _("Until you turn it off or remove them"),
            _("The secret of the app, encrypted; hashes of recovery codes; of passkeys the public half and the name."),
        ),
        Kept(
            _("Accounts that were deleted"),
            _days(timedelta(days=settings.ERASURE_DAYS)),
            _("So long signing in brings one back. Then all goes but what was written to others, which is nobody’s."),
        ),
        Kept(
            _("Files of your own data"),
            _days(timedelta(days=settings.EXPORT_DAYS)),
            _("Made when you ask; only you can fetch them. Messages that vanish are never in what is stored."),
        ),
        Kept(
            _("Sign-ins of browsers"),
            _days(timedelta(seconds=settings.SESSION_COOKIE_AGE)),
            _("Address and program of each browser, so that you can see and end them. Signing out removes it at once."),
        ),
        Kept(
            _("Sign-ins of programs"),
            _days(timedelta(days=settings.REFRESH_TOKEN_DAYS) + REVOKED_KEPT),
            _("Counted from their last use. Only hashes of tokens are kept, at the end as a note that they ended."),
        ),
        Kept(
            _("Apps that act for you"),
            _("Until you refuse them"),
            _("Which app may do what, since when. Its tokens are kept as those of programs."),
        ),
        Kept(
            _("Links sent by mail"),
            _days(LINK_LIFETIMES[MailedLink.Purpose.VERIFY]),
            _("To confirm an address; a link to a new password works for an hour. Each works once."),
        ),
        Kept(
            _("Failed sign-ins"),
            ngettext("%d minute", "%d minutes", minutes) % minutes,
            _("How often an account or an address was tried, to slow guessing down. No passwords."),
        ),
    ]
