from django.utils.translation import gettext as _

from lyceum.core.retention import Kept, declare


@declare
def kept() -> list[Kept]:
    return [
        Kept(
            _("Reviews of books"),
            _("Until you delete them"),
            _("A rating and what you wrote, under your name. Everybody who reads the catalogue sees them."),
        )
    ]
