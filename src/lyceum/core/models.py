from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lyceum.core.ids import uuid7


class OutboxEvent(models.Model):
    """A fact that happened, written in the transaction that made it true."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    delivered_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    # When a failed delivery is tried again; null until one has failed.
    due_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class JobOutcome(models.Model):
    """What a job returned, or the code of the error that ended it; under the job's number."""

    number = models.BigIntegerField(primary_key=True)
    result = models.JSONField(null=True)
    error = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"job {self.number}"


class AuditEntry(models.Model):
    """Who did what to what, and when; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=100)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = _("audit entry"), _("audit log")

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class IdempotencyRecord(models.Model):
    """The answer to a creating request, kept 24 hours under the key that its sender chose."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "path", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"
