from django.utils.translation import gettext as _

from lyceum.core.retention import Kept, declare


@declare
def kept() -> list[Kept]:
    return [
        Kept(
            _("Devices that are notified"),
            _("Until you remove them or sign out there"),
            _("The address at the browser's push service, and keys with which only that browser reads what is sent."),
        ),
    ]
