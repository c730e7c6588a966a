"""What keys and apps may do with the library."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.scopes import declare

LIBRARY_READ = declare("library:read", _("read the catalogue of books"), asked=_("read the catalogue of books"))
LIBRARY_WRITE = declare(
    "library:write",
    _("review books, and keep the catalogue where its account is one of staff"),
    asked=_("review books in your name, and keep the catalogue if you are one of staff"),
)
READ = {"GET": (LIBRARY_READ,)}
READ_AND_WRITE = {**READ, **{method: (LIBRARY_WRITE,) for method in ("POST", "PUT", "PATCH", "DELETE")}}
