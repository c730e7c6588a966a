"""What the house itself holds of a person: the record of acts, kept answers, queued work and presence."""

from django.db import connection, transaction

from lyceum.core import presence
from lyceum.core.archives import Archive
from lyceum.core.models import AuditEntry, IdempotencyRecord
from lyceum.core.privacy import Holder, Subject, declare

# Work that is over, or was given up, may name an address that is nobody's any more.
FORGET_JOBS = """
delete from procrastinate_jobs
where status <> 'doing' and (strpos(args::text, to_json(%s::text)::text) > 0 or strpos(args::text, %s) > 0)
"""


def export(subject: Subject, archive: Archive) -> None:
    acts = AuditEntry.objects.filter(actor=subject.id).order_by("created_at")
    archive.write_list(
        "acts",
        acts.values("created_at", "action", "subject", "detail").iterator(),
        title="Record of acts",
        about="What you changed, and when; the subject is the id of what it was about.",
    )


def erase(subject: Subject) -> None:
    """Keep who did what by id, and nothing by which the person is known."""
    for entry in AuditEntry.objects.filter(actor=subject.id, detail__has_key="address"):
        entry.detail = {name: value for name, value in entry.detail.items() if name != "address"}
        entry.save(update_fields=["detail"])
    IdempotencyRecord.objects.filter(user=subject.id).delete()
    with connection.cursor() as cursor:
        cursor.execute(FORGET_JOBS, [subject.email, str(subject.id)])
    transaction.on_commit(lambda: presence.forget(subject.id), robust=True)


declare(Holder("core", ["core.AuditEntry", "core.IdempotencyRecord"], export, erase))
