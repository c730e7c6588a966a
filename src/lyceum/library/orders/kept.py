from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lyceum.core.retention import Kept, declare


@declare
def kept() -> list[Kept]:
    minutes = settings.ORDER_PAYMENT_MINUTES
    unpaid = ngettext("%d minute", "%d minutes", minutes) % minutes
    if minutes % 60 == 0:
        unpaid = ngettext("%d hour", "%d hours", minutes // 60) % (minutes // 60)
    return [
        Kept(
            _("Your cart"),
            _("Until you order or empty it"),
            _("The books that you put there, and the price that you were shown."),
        ),
        Kept(
            _("Orders"),
            _("As long as the workspace"),
            _(
                "Books, prices, payments and when, for the accounts. When you delete your account they lose your name. "
                "An order that is not paid is cancelled after %(unpaid)s."
            )
            % {"unpaid": unpaid},
        ),
    ]
