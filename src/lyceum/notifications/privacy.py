"""Notifications' part of a person's data: how they want to be told, and where."""

from lyceum.accounts.public import device_name
from lyceum.core.archives import Archive
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.notifications import preferences
from lyceum.notifications.models import Device, Preferences, Webhook


def export(subject: Subject, archive: Archive) -> None:
    found = preferences.of(subject.id)
    chosen = {name: getattr(found, name) for name in ("digest", "show_text", "group_messages", "digest_sent_at")}
    archive.write_list(
        "notifications",
        [chosen],
        title="How you are told",
        about="What you chose for mails and devices, and when the last mail was sent.",
    )
    devices = Device.objects.filter(user=subject.id).order_by("created_at")
    archive.write_list(
        "devices",
        (
            {"device": device_name(one.user_agent), "created_at": one.created_at, "last_sent_at": one.last_sent_at}
            for one in devices
        ),
        title="Devices that are told",
        about="The browsers that show notifications; their keys are secrets and are left out.",
    )


def erase(subject: Subject) -> None:
    """Forget choices and devices; a webhook that the person made stays, without its maker."""
    Preferences.objects.filter(pk=subject.id).delete()
    Device.objects.filter(user=subject.id).delete()
    Webhook.objects.filter(created_by=subject.id).update(created_by=None)


TABLES = ["notifications.Preferences", "notifications.Device", "notifications.Webhook"]
declare(Holder("notifications", TABLES, export, erase))
