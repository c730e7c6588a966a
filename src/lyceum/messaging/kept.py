from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core.retention import Kept, declare


@declare
def kept() -> list[Kept]:
    hours = settings.EPHEMERAL_HOURS
    return [
        Kept(
            _("Messages that are kept"),
            _("As long as the conversation"),
            _("Members read them, from when they joined or, where a group shares its history, all of them."),
        ),
        Kept(
            _("Files"),
            _("As long as their message"),
            _("Members who see the message get its files. A file that was not sent goes after a day."),
        ),
        Kept(
            _("Messages that vanish"),
            ngettext("%d hour", "%d hours", hours) % hours,
            _("In conversations that say so, each message goes after this time. A crash may lose the last second."),
        ),
        Kept(
            _("Messages in your browser"),
            _("Until you sign out there"),
            _("The last 50 of each conversation that you opened, to be read without a network. None that vanish."),
        ),
    ]
