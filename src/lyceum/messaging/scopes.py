"""What keys and apps may do with conversations."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.scopes import declare

CHAT_READ = declare(
    "chat:read", _("read the conversations that it is a member of"), asked=_("read all your conversations")
)
CHAT_WRITE = declare(
    "chat:write",
    _("write in the conversations that it is a member of, change them, and begin new ones"),
    asked=_("write in your name, change your conversations, and begin new ones"),
)
READ = {"GET": (CHAT_READ,)}
READ_AND_WRITE = {**READ, **{method: (CHAT_WRITE,) for method in ("POST", "PUT", "PATCH", "DELETE")}}
