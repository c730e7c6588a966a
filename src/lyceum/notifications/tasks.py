from uuid import UUID

from django.utils.translation import gettext as _

from lyceum.core.jobs import job, schedule
from lyceum.notifications import devices


@job("notifications.push_test")
def push_test(device_id: str) -> None:
    payload = {
        "title": "Lyceum",
        "body": _("Notifications reach this device."),
        "url": "/notifications/",
        "tag": "test",
    }
    devices.send(UUID(device_id), payload)


@schedule("53 * * * *", "notifications.forget_ended_devices")
def forget_ended_devices(timestamp: int) -> None:
    devices.forget_ended()
