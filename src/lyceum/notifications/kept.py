from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core.retention import Kept, declare
from lyceum.notifications import deliveries


@declare
def kept() -> list[Kept]:
    days = deliveries.KEPT.days
    return [
        Kept(
            _("Devices that are notified"),
            _("Until you remove them or sign out there"),
            _("The address at the browser's push service, and keys with which only that browser reads what is sent."),
        ),
        Kept(
            _("What was told to other programs"),
            ngettext("%d day", "%d days", days) % days,
            _("Staff may let programs hear what happens, by ids. Texts go only where an owner of the group said so."),
        ),
    ]
