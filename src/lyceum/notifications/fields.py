"""The controls of the pages, with their words."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.forms import Field

SHOW_TEXT = Field(
    "show_text",
    _("Show what was written"),
    "check",
    hint=_("Without it devices and mails say who wrote and how much. Messages that vanish are never shown."),
)
GROUP_MESSAGES = Field(
    "group_messages",
    _("Tell me of every message in groups"),
    "check",
    hint=_("Without it a device tells of direct messages, and in groups of what mentions you."),
)
DIGEST = Field(
    "digest",
    _("Mails about what you have not seen"),
    "select",
    hint=_("Only while you are away and something waits. The daily one comes at 8 in the morning of your time zone."),
    choices=[("off", _("None")), ("hourly", _("Every hour")), ("daily", _("Once a day"))],
)
