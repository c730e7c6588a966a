"""The controls of the pages, with their words."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from lyceum.core.forms import Field
from lyceum.notifications import webhook_events
from lyceum.notifications.webhook_places import Place

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
WEBHOOK_URL = Field(
    "url",
    _("Address"),
    "url",
    hint=_("It begins with https:// and takes a POST."),
    missing=_("Enter the whole address, like https://hooks.example.org/lyceum."),
)
WEBHOOK_DESCRIPTION = Field(
    "description", _("What it is for"), hint=_("Members of groups that let it listen see this.")
)
WEBHOOK_ENABLED = Field(
    "is_enabled", _("Switched on"), "check", hint=_("What waits is sent when it is switched on again.")
)
STATE_WORDS = {"waiting": _("Waiting"), "delivered": _("Delivered"), "failed": _("Failed")}


def events_field() -> Field:
    """Make the choice of events, which every app adds to."""
    choices = [(kind.name, kind.meaning) for kind in webhook_events.declared()]
    return Field("events", _("Events"), "checks", choices=choices, missing=_("Choose at least one event."))


def groups_field(places: Sequence[Place]) -> Field:
    """Make the choice of the groups that one owns."""
    return Field(
        "groups",
        _("Your groups whose texts it has"),
        "picks",
        hint=_("Members see it in the group. It ends when you leave the group, and when the address moves elsewhere."),
        choices=[(str(place.id), place.name) for place in places],
    )
