from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core.retention import Kept, declare
from lyceum.library.recommendations import showings


@declare
def kept() -> list[Kept]:
    days = showings.KEPT.days
    return [
        Kept(
            _("What was recommended to you"),
            ngettext("%d day", "%d days", days) % days,
            _(
                "Which books you were shown, opened and ordered. Staff see how often, never who. Recommendations are "
                "made of this, your ratings and your orders, here on this server."
            ),
        ),
        Kept(
            _("What you do not want to be recommended"),
            _("Until you take it back"),
            _("Books that you took from your shelf. Nobody else sees them."),
        ),
    ]
