"""Files of messages: taken in by content, kept under names of our own, given out to who may see the message."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from lyceum.core import jobs, leftovers
from lyceum.core.errors import FieldError, Invalid, NotFound
from lyceum.core.sandbox import Unreadable, parse
from lyceum.messaging.errors import NotAllowedType, TooManyUnsent
from lyceum.messaging.file_types import PLAIN, TEXTS, look, unpack
from lyceum.messaging.models import Attachment, Participant

FOLDER = leftovers.own("attachments")
NAME = re.compile(r"[0-9a-f]{32}(\.webp)?")
MAX_A_MESSAGE, MAX_UNSENT, MAX_UNSENT_BYTES = 10, 50, 250 * 1024 * 1024
UNSENT_KEPT = timedelta(hours=24)
# Longer than a job tries while the scanner is away.
SCANNED_WITHIN = timedelta(hours=4)
SWEPT_AT_ONCE = 500
REFUSALS = {"pixels": "The picture has more than 40 million pixels."}
# What changes the order of letters or is none: a name must look as it is.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
Files = list[dict[str, Any]]


def _path(identity: UUID, *, is_preview: bool = False) -> str:
    return f"{FOLDER}/{identity.hex[-2:]}/{identity.hex}{'.webp' if is_preview else ''}"


def plain_name(name: str) -> str:
    """Return the last part of a name, without what cannot be seen; `file` where nothing is left."""
    last = UNSEEN.sub("", name.replace("\\", "/")).rsplit("/", 1)[-1].strip(" .")
    stem, dot, ending = last.rpartition(".")
    if len(last) > 255 and dot and len(ending) < 20:
        last = f"{stem[: 254 - len(ending)]}.{ending}"
    return last[:255] or "file"


def upload(uploader: UUID, file: IO[bytes], *, name: str, size: int) -> Attachment:
    """Keep a file until it is sent; raises Invalid, NotAllowedType, TooManyUnsent, or Unavailable for the moment."""
    waiting = Attachment.objects.filter(uploader=uploader, message_id=None).aggregate(
        many=Count("pk"), bytes=Sum("size")
    )
    if waiting["many"] >= MAX_UNSENT or (waiting["bytes"] or 0) + size > MAX_UNSENT_BYTES:
        raise TooManyUnsent
    if not size:
        raise Invalid.field("file", "blank", "The file is empty.")
    try:
        kind = unpack(parse(look, file))
    except Unreadable as err:
        raise NotAllowedType(REFUSALS.get(err.reason, "Send a picture, a document, a text or a sound.")) from err
    content_type, now = kind.content_type, timezone.now()
    if content_type == PLAIN:
        content_type = TEXTS.get(PurePosixPath(name.lower()).suffix, PLAIN)
    row = Attachment(
        uploader_id=uploader,
        name=plain_name(name),
        content_type=content_type,
        size=size,
        has_preview=bool(kind.preview),
        state=Attachment.State.PENDING if settings.CLAMAV_URL else Attachment.State.READY,
        created_at=now,
        expires_at=now + UNSENT_KEPT,
    )
    file.seek(0)
    default_storage.save(_path(row.pk), File(file))
    if kind.preview:
        default_storage.save(_path(row.pk, is_preview=True), ContentFile(kind.preview))
    with transaction.atomic():
        row.save(force_insert=True)
        if settings.CLAMAV_URL:
            jobs.enqueue("messaging.scan_attachment", attachment_id=str(row.pk))
    return row


def shape(row: Attachment) -> dict[str, Any]:
    """Make the contract's object; what is not clean has no address."""
    address = f"/api/v1/chat/attachments/{row.pk}/" if row.state == Attachment.State.READY else None
    return {
        "id": row.pk,
        "name": row.name,
        "content_type": row.content_type,
        "size": row.size,
        "url": address,
        "preview_url": f"{address}preview/" if address and row.has_preview else None,
        "state": row.state,
    }


def of_messages(message_ids: Iterable[UUID]) -> dict[UUID, Files]:
    """Return the files of messages, in the order in which they were sent."""
    found: dict[UUID, Files] = {}
    for row in Attachment.objects.filter(message_id__in=list(message_ids)).order_by("message_id", "place"):
        assert row.message_id is not None
        found.setdefault(row.message_id, []).append(shape(row))
    return found


def words(files: Files) -> str:
    """Say in a line what a message without a text holds: the names of its files."""
    return ", ".join(file["name"] for file in files)


def requeue_scans() -> None:
    """Ask the scanner again for what still waits, when it was away for longer than a job tries."""
    before = timezone.now() - SCANNED_WITHIN
    for identity in Attachment.objects.filter(state=Attachment.State.PENDING, created_at__lt=before).values_list("pk"):
        jobs.enqueue("messaging.scan_attachment", attachment_id=str(identity[0]))


def lock_unsent(sender: UUID, ids: Sequence[UUID]) -> list[Attachment]:
    """Return those of the files that the sender may still send, in the order asked for; nobody else sends them."""
    rows = Attachment.objects.select_for_update().filter(pk__in=ids, uploader=sender, message_id=None)
    known = {row.pk: row for row in rows.exclude(state=Attachment.State.BLOCKED).order_by("pk")}
    return [known[identity] for identity in ids if identity in known]


def send(
    rows: Sequence[Attachment],
    ids: Sequence[UUID],
    *,
    conversation_id: UUID,
    message_id: UUID,
    sequence: int,
    expires_at: datetime | None,
) -> None:
    """Bind files to their message; raises Invalid for those among the ids that cannot be sent."""
    known = {row.pk for row in rows}
    missing = [
        FieldError(f"attachments.{place}", "not_found", "There is no such file of yours that waits to be sent.")
        for place, identity in enumerate(ids)
        if identity not in known
    ]
    if missing:
        raise Invalid(errors=missing)
    for place, row in enumerate(rows):
        row.conversation_id, row.message_id, row.sequence = conversation_id, message_id, sequence
        row.place, row.expires_at = place, expires_at
        row.save(update_fields=["conversation", "message_id", "sequence", "place", "expires_at"])


def get_attachment_for(user_id: UUID, attachment_id: UUID) -> Attachment:
    """Return a file that the person may read: their own unsent one, or one of a message that they may see."""
    row = Attachment.objects.filter(pk=attachment_id, state=Attachment.State.READY).first()
    if row is None or (row.expires_at is not None and row.expires_at <= timezone.now()):
        raise NotFound("There is no such file.")
    if row.message_id is None:
        is_shown = row.uploader_id == user_id
    else:
        places = Participant.objects.filter(user=user_id, conversation=row.conversation_id, conversation__ended_at=None)
        is_shown = places.filter(visible_after__lt=row.sequence or 0).exists()
    if not is_shown:
        raise NotFound("There is no such file.")
    return row


def open_file(row: Attachment, *, is_preview: bool = False) -> "File[bytes]":
    """Open what is kept; raises NotFound where there is no preview, or the file is gone."""
    if is_preview and not row.has_preview:
        raise NotFound("There is no preview.")
    try:
        return default_storage.open(_path(row.pk, is_preview=is_preview))
    except FileNotFoundError as err:
        raise NotFound("There is no such file.") from err


def discard(which: Q) -> int:
    """Remove files, rows first; returns how many there were."""
    with transaction.atomic():
        rows = list(Attachment.objects.select_for_update().filter(which)[:SWEPT_AT_ONCE])
        Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
        leftovers.delete_on_commit(*(path for row in rows for path in _paths(row)))
    return len(rows)


def _paths(row: Attachment) -> list[str]:
    return [_path(row.pk), *([_path(row.pk, is_preview=True)] if row.has_preview else [])]


def remove_expired() -> int:
    """Remove what was not sent for a day, and what vanished with its message."""
    count = 0
    while found := discard(Q(expires_at__lte=timezone.now())):
        count += found
    return count


def sweep() -> int:
    """Delete the files that no row names; returns how many there were."""
    return sum(leftovers.sweep(f"{FOLDER}/{folder}", _named) for folder in leftovers.listed(FOLDER)[0])


def _named(names: Sequence[str]) -> list[str]:
    """Return the names that are not ours to delete: those of files with a row, and those that we never gave."""
    ids = {name: UUID(name.removesuffix(".webp")) for name in names if NAME.fullmatch(name)}
    known = set(Attachment.objects.filter(pk__in=ids.values()).values_list("pk", flat=True))
    return [name for name in names if name not in ids or ids[name] in known]


def lock_pending(attachment_id: UUID) -> Attachment | None:
    """Lock a file that waits for the scanner; None when nothing is to be said of it any more."""
    return Attachment.objects.select_for_update().filter(pk=attachment_id, state=Attachment.State.PENDING).first()


def settle_scan(row: Attachment, *, is_clean: bool) -> None:
    """Say what the scanner found of a locked file."""
    row.state = Attachment.State.READY if is_clean else Attachment.State.BLOCKED
    row.save(update_fields=["state"])
    if not is_clean:
        leftovers.delete_on_commit(*_paths(row))
        row.has_preview = False
