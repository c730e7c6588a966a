from datetime import datetime
from typing import TypeAlias

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from lyceum.core.ids import uuid7

Moment: TypeAlias = "models.DateTimeField[datetime, datetime]"
MaybeMoment: TypeAlias = "models.DateTimeField[datetime | None, datetime | None]"


class Preferences(models.Model):
    """How a person wants to be told; without a row everything is as at the start."""

    class Digest(models.TextChoices):
        OFF = "off"
        HOURLY = "hourly"
        DAILY = "daily"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.DAILY)
    # Whether what a device shows holds the text of a message.
    show_text = models.BooleanField(default=True)
    # Whether a device also tells of messages in groups that mention nobody.
    group_messages = models.BooleanField(default=False)
    digest_sent_at: MaybeMoment = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class Device(models.Model):
    """A browser that takes Web Push for a person, and the push service that reaches it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_devices")
    # The sign-in by which it was added: with that it ends.
    sign_in_id = models.UUIDField(null=True)
    endpoint = models.TextField()
    endpoint_hash = models.CharField(max_length=64, unique=True)
    public_key = models.CharField(max_length=120)
    secret = models.CharField(max_length=60)
    user_agent = models.CharField(max_length=300, default="")
    created_at: Moment = models.DateTimeField(default=timezone.now)
    last_sent_at: MaybeMoment = models.DateTimeField(null=True)
    # The status of the push service's last refusal; null while it takes what is sent.
    refused_with = models.PositiveSmallIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.id)


class ServerKey(models.Model):
    """The key pair by which push services know this server; made once, since browsers subscribe for it alone."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sealed_private = models.TextField()
    public = models.CharField(max_length=100)
    created_at: Moment = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.public


class Webhook(models.Model):
    """An address of another program that hears what happens, as staff chose."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    url = models.TextField()
    description = models.CharField(max_length=200, default="")
    events = ArrayField(models.CharField(max_length=40))
    sealed_secret = models.CharField(max_length=200)
    # The one before it, with which deliveries are signed too for a day.
    sealed_previous = models.CharField(max_length=200, default="")
    previous_until: MaybeMoment = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    # Since when nothing was taken; null after a delivery that was.
    failing_since: MaybeMoment = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at: Moment = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.url


class WebhookScope(models.Model):
    """A place whose owner lets a webhook have the texts too; what kind of place it is, only its app knows."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="scopes")
    scope = models.UUIDField(db_index=True)
    # Whose word it is: it ends when they leave the place.
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at: Moment = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "scope"], name="webhook_scope_once")]

    def __str__(self) -> str:
        return f"{self.scope} for {self.webhook_id}"


class Delivery(models.Model):
    """One fact for one webhook, and what came of it. It holds ids: texts are read when it is sent."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    # The same for every webhook and every try: by it receivers know a repeat.
    event_id = models.UUIDField()
    event = models.CharField(max_length=40)
    scope = models.UUIDField(null=True)
    data = models.JSONField()
    happened_at: Moment = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at: Moment = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    # Why there was no status, in the words of `outbound`.
    error = models.CharField(max_length=200, default="")
    created_at: Moment = models.DateTimeField(default=timezone.now)
    ended_at: MaybeMoment = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="webhook_event_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="webhook_delivery_due"),
            models.Index(fields=["webhook", "created_at"], name="webhook_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"
