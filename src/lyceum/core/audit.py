from typing import Any

from lyceum.core.models import AuditEntry


def record(actor: Any, action: str, subject: object, **detail: Any) -> None:
    """Write one audit line in the caller's transaction; no text that people wrote, no secret."""
    AuditEntry.objects.create(actor=actor, action=action, subject=str(subject), detail=detail)
