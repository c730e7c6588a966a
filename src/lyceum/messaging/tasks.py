from uuid import UUID

from django.conf import settings

from lyceum.core.errors import NotFound
from lyceum.core.jobs import job, schedule
from lyceum.messaging import attachments, scanner, services, telling
from lyceum.messaging.models import Attachment


@schedule("41 * * * *", "messaging.remove_ended")
def remove_ended(timestamp: int) -> None:
    services.remove_ended()


@schedule("13 * * * *", "messaging.remove_expired_attachments")
def remove_expired_attachments(timestamp: int) -> None:
    attachments.remove_expired()


@schedule("33 * * * *", "messaging.sweep_attachments")
def sweep_attachments(timestamp: int) -> None:
    attachments.sweep()
    if settings.CLAMAV_URL:
        attachments.requeue_scans()


@job("messaging.scan_attachment")
def scan_attachment(attachment_id: str) -> None:
    row = Attachment.objects.filter(pk=attachment_id, state=Attachment.State.PENDING).first()
    if row is None:
        return
    try:
        with attachments.open_file(row) as file:
            is_clean = scanner.is_clean(file, settings.CLAMAV_URL)
    except NotFound:
        # Its bytes are gone: nobody can be given what nobody has looked at.
        is_clean = False
    services.tell_scanned(row.pk, is_clean=is_clean)


@schedule("* * * * * */5", "messaging.tell")
def tell(timestamp: int) -> None:
    telling.tell()


@job("messaging.push")
def push(device_id: str, user_id: str, conversation_id: str, sequence: int) -> None:
    telling.push(UUID(device_id), user_id=UUID(user_id), conversation_id=UUID(conversation_id), sequence=sequence)
