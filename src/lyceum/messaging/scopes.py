"""What keys and apps may do with conversations."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.scopes import declare

CHAT_READ = declare("chat:read", _("read conversations, as their member"))
CHAT_WRITE = declare("chat:write", _("send messages, begin conversations and change them, as their member"))
READ = {"GET": (CHAT_READ,)}
READ_AND_WRITE = {**READ, **{method: (CHAT_WRITE,) for method in ("POST", "PUT", "PATCH", "DELETE")}}
