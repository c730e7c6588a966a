"""The controls of the pages, with their words."""

from django.utils.translation import gettext_lazy as _

from lyceum.core.forms import Field

SHOW_TEXT = Field(
    "show_text",
    _("Show what was written"),
    "check",
    hint=_("Without it a device says who wrote and how many messages there are. Messages that vanish never show."),
)
GROUP_MESSAGES = Field(
    "group_messages",
    _("Tell me of every message in groups"),
    "check",
    hint=_("Without it a device tells of direct messages, and in groups of what mentions you."),
)
