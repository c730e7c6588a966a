"""The part of notifications in a person's data."""

from urllib.parse import urlsplit

from lyceum.core.archives import Archive
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.notifications.models import Device, Preferences, Webhook, WebhookScope


def export(subject: Subject, archive: Archive) -> None:
    archive.write_list(
        "notification_settings",
        Preferences.objects.filter(user=subject.id).values("digest", "show_text", "group_messages", "digest_sent_at"),
        title="How you are told",
        about="Nothing here where you changed nothing.",
    )
    devices = Device.objects.filter(user=subject.id).order_by("created_at")
    archive.write_list(
        "devices",
        [
            {
                "user_agent": device.user_agent,
                "push_service": urlsplit(device.endpoint).hostname,
                "created_at": device.created_at,
                "last_sent_at": device.last_sent_at,
            }
            for device in devices
        ],
        title="Devices that are told",
        about="Phones and browsers with notifications, without their keys.",
    )
    archive.write_list(
        "webhooks",
        Webhook.objects.filter(created_by=subject.id).values("id", "url", "events", "created_at"),
        title="Webhooks",
        about="Those of the workspace that you made; they stay when you go.",
    )
    archive.write_list(
        "webhook_groups",
        WebhookScope.objects.filter(allowed_by=subject.id).values("webhook_id", "scope", "created_at"),
        title="Groups that you let webhooks hear",
        about="Whose texts go to another program on your word.",
    )


def erase(subject: Subject) -> None:
    Preferences.objects.filter(user=subject.id).delete()
    Device.objects.filter(user=subject.id).delete()
    # What they allowed in groups ends with them, also in one that has ended and may be restored.
    WebhookScope.objects.filter(allowed_by=subject.id).delete()


declare(
    Holder(
        "notifications",
        [
            "notifications.Preferences",
            "notifications.Device",
            "notifications.Webhook",
            "notifications.WebhookScope",
        ],
        export,
        erase,
    )
)
