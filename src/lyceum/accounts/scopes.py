"""What keys and apps may do with accounts."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.scopes import declare

USERS_READ = declare(
    "users:read",
    _("see its own profile, and the people of the workspace"),
    asked=_("see your profile, and the people of the workspace"),
)
