from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from lyceum.core.ids import uuid7

PERSON = settings.AUTH_USER_MODEL


class App(models.Model):
    """A program that people may let act for them (an OAuth client)."""

    class Origin(models.TextChoices):
        STAFF = "staff"
        REGISTERED = "registered"
        DOCUMENT = "document"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # That of an app which is known by its document is the document's address.
    client_id = models.CharField(max_length=500, unique=True)
    name = models.CharField(max_length=100)
    # Empty for a public app, which can keep no secret.
    secret_hash = models.CharField(max_length=64, blank=True)
    redirect_uris = ArrayField(models.CharField(max_length=1000), default=list)
    scopes = ArrayField(models.CharField(max_length=40))
    may_use_devices = models.BooleanField(default=False)
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.STAFF)
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)
    # When its document was last read.
    read_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_confidential(self) -> bool:
        return bool(self.secret_hash)


class AppGrant(models.Model):
    """What a person has let an app do; its token families hang on it in name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="app_grants")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="grants")
    scopes = ArrayField(models.CharField(max_length=40))
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)
    last_used_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "app"], name="one_grant_of_a_person_and_app")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.app_id}"


class AuthorizationCode(models.Model):
    """A code on its way through the browser to the app, which trades it once for tokens."""

    hash = models.CharField(primary_key=True, max_length=64)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    scopes = ArrayField(models.CharField(max_length=40))
    redirect_uri = models.CharField(max_length=1000)
    challenge = models.CharField(max_length=128)
    nonce = models.CharField(max_length=500, blank=True)
    signed_in_at = models.DateTimeField()
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(db_index=True)
    # What it was traded for: a second use ends that.
    family = models.ForeignKey("accounts.TokenFamily", null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"code {self.hash[:8]}"


class DeviceCode(models.Model):
    """A program without a browser that waits for a person to let it in by a short code."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ALLOWED = "allowed"
        DENIED = "denied"

    hash = models.CharField(primary_key=True, max_length=64)
    user_code = models.CharField(max_length=8, unique=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    scopes = ArrayField(models.CharField(max_length=40))
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    user = models.ForeignKey(PERSON, null=True, on_delete=models.CASCADE, related_name="+")
    signed_in_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    asked_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"device {self.hash[:8]}"


class SigningKey(models.Model):
    """A private key that signs ID tokens, sealed; its public half is published until tokens by it are long over."""

    id = models.CharField(primary_key=True, max_length=43)
    sealed_pem = models.TextField()
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.id
