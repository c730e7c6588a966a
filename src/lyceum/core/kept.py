from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core import idempotency, logs, tasks
from lyceum.core.retention import Kept, declare


@declare
def kept() -> list[Kept]:
    days, hours = tasks.EVENTS_KEPT.days, int(idempotency.KEPT.total_seconds() // 3600)
    return [
        Kept(
            _("Record of what happened"),
            ngettext("%d day", "%d days", days) % days,
            _("Facts such as “a message was sent”, from which counts and lists are made. They hold ids, not texts."),
        ),
        Kept(
            _("Record of acts"),
            _("As long as the workspace"),
            _("Who changed what, and when: sign-ins ended, passwords changed, members removed. No text, no secret."),
        ),
        Kept(
            _("Answers to programs"),
            ngettext("%d hour", "%d hours", hours) % hours,
            _("A program may create something under a key; the answer is kept, so that a repeat makes no second one."),
        ),
        _logs(),
    ]


def _logs() -> Kept:
    what = _("A line for each request: address, page, person, time. No message, password or secret.")
    if not settings.LOG_DIR:
        return Kept(_("Server logs"), _("As long as the operators keep the output"), what)
    megabytes = logs.MAX_BYTES // (1024 * 1024)
    how_long = _("The newest %(files)d files of %(size)d MB") % {"files": logs.KEPT_FILES + 1, "size": megabytes}
    return Kept(_("Server logs"), how_long, what)
