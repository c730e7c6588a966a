from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from lyceum.accounts.public import reader, staff_addresses
from lyceum.core import mail
from lyceum.core.jobs import job, schedule
from lyceum.notifications import deliveries, devices, digests
from lyceum.notifications.models import Webhook


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


@schedule("* * * * * */5", "notifications.start_deliveries")
def start_deliveries(timestamp: int) -> None:
    deliveries.start_due()


@job("notifications.deliver", tries=1)
def deliver(delivery_id: str) -> None:
    deliveries.deliver(UUID(delivery_id))


@job("notifications.mail_disabled")
def mail_disabled(webhook_id: str, why: str) -> None:
    webhook = Webhook.objects.filter(pk=webhook_id).first()
    if webhook is None:
        return
    reasons = {
        "gone": _("It answered that it is gone for good (410)."),
        "failing": _("It took nothing for three days."),
    }
    text = _("Nothing more is sent to %(url)s.\n\n%(reason)s\n\nLook at it and switch it on again here:\n\n%(page)s\n")
    page = f"{settings.PUBLIC_URL}/notifications/webhooks/{webhook.pk}/"
    words = text % {"url": webhook.url, "reason": reasons[why], "page": page}
    for address in staff_addresses():
        mail.send(address, _("A webhook was switched off"), words)


@schedule("47 2 * * *", "notifications.forget_old_deliveries")
def forget_old_deliveries(timestamp: int) -> None:
    deliveries.forget_old()


@schedule("7 * * * *", "notifications.start_digests")
def start_digests(timestamp: int) -> None:
    digests.start()


@job("notifications.digest")
def digest(user_id: str) -> None:
    person = reader(UUID(user_id))
    if person is not None:
        digests.send(person)
