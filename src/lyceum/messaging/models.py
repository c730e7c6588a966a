from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from lyceum.core.ids import uuid7


class Conversation(models.Model):
    """A place where people talk; its `last_sequence` numbers the messages, without gaps, at commit."""

    class Kind(models.TextChoices):
        DIRECT = "direct"
        GROUP = "group"

    class Retention(models.TextChoices):
        PERMANENT = "permanent"
        EPHEMERAL = "ephemeral"

    class History(models.TextChoices):
        JOINED = "joined"
        ALL = "all"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=100, null=True)  # noqa: DJ001  # the contract: null for a direct one
    retention = models.CharField(max_length=10, choices=Retention, default=Retention.PERMANENT)
    history = models.CharField(max_length=10, choices=History, default=History.JOINED)
    # Both ids in order: makes the pair's conversation one under concurrent asking.
    direct_key = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001
    last_sequence = models.BigIntegerField(default=0)
    # Counts what changed messages that were there already; the hot tail of another count is not believed.
    tail_version = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.id)


class Participant(models.Model):
    """A person in a conversation: their role, how far they read, and from where they may see."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    # The unique rule's index serves the conversation too.
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    read_sequence = models.BigIntegerField(default=0)
    visible_after = models.BigIntegerField(default=0)
    joined_after = models.BigIntegerField(default=0)
    notifications = models.CharField(max_length=10, default="all")
    # Up to where devices were told, or found to have nothing to tell.
    told_sequence = models.BigIntegerField(default=0, db_default=0)
    joined_at = models.DateTimeField(default=timezone.now)
    hidden_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="participant_once")]
        indexes = [
            models.Index(fields=["conversation"], condition=Q(hidden_at__isnull=False), name="participant_hidden")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


NEVER_UNREAD = Q(deleted_at__isnull=False) | Q(message_type="system")


class Message(models.Model):
    """One message at its place; a deleted one keeps its place without its text."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Every index here is paid by every message: partial ones for what few messages have.
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    sequence = models.BigIntegerField()
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="messages")
    message_type = models.CharField(max_length=10, default="user")
    client_id = models.CharField(max_length=64, null=True)  # noqa: DJ001  # null stands out of the unique rule
    first_sent_hash = models.CharField(max_length=64, default="")
    content = models.TextField()
    metadata: Any = models.JSONField(default=dict, db_default={})
    reply_to = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    thread_root = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="replies", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="message_sequence_once"),
            models.UniqueConstraint(
                fields=["conversation", "sender", "client_id"],
                condition=Q(client_id__isnull=False),
                name="message_client_id_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["conversation", "changed_at"], condition=Q(changed_at__isnull=False), name="message_changed"
            ),
            # What counts as read without having been: lets unread messages be counted without being visited.
            models.Index(fields=["conversation", "sequence"], condition=NEVER_UNREAD, name="message_never_unread"),
            models.Index(fields=["reply_to"], condition=Q(reply_to__isnull=False), name="message_reply"),
            models.Index(
                fields=["thread_root", "sequence"], condition=Q(thread_root__isnull=False), name="message_thread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.sequence}"


class Told(models.Model):
    """Up to when the log of permanent messages was read: a row for those who are told of it, and one for the index."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    up_to: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()

    def __str__(self) -> str:
        return f"told up to {self.up_to}"


class Reaction(models.Model):
    """One emoji of one person on one message."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_once")]

    def __str__(self) -> str:
        return self.emoji


class Attachment(models.Model):
    """A file that somebody sends with a message; before that, and for a day, it is its uploader's alone."""

    class State(models.TextChoices):
        PENDING = "pending"
        READY = "ready"
        BLOCKED = "blocked"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.CASCADE, related_name="+")
    # No foreign key: a message that vanishes is no row.
    message_id = models.UUIDField(null=True)
    sequence = models.BigIntegerField(null=True)
    place = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    has_preview = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    created_at = models.DateTimeField(default=timezone.now)
    # When it goes by itself: unsent, or with a message that vanishes.
    expires_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["message_id", "place"], condition=Q(message_id__isnull=False), name="attachment_message"
            ),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="attachment_expires"),
        ]

    def __str__(self) -> str:
        return self.name
