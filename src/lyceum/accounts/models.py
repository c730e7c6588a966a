import unicodedata
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from lyceum.accounts import limit_profiles
from lyceum.accounts.oauth import models as oauth_models  # noqa: F401  # Django looks here for all of them
from lyceum.core.folding import fold
from lyceum.core.ids import uuid7

# Kept beside what they are made of.
DERIVED = {"email": "email_key", "first_name": "name_key", "last_name": "name_key"}
NAME_KEY_LENGTH, EMAIL_KEY_LENGTH = 700, 300


def email_key(email: str) -> str:
    """Return the form under which addresses are compared (NFKC, case-folded, no blanks at the ends)."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def name_key(name: str) -> str:
    """Return a name without case and accents, for search and order."""
    return fold(name)[:NAME_KEY_LENGTH]


def avatar_url(user_id: UUID, avatar: str | None) -> str | None:
    """Return where a person's picture is read; the address changes with the picture."""
    return f"/api/v1/users/{user_id}/avatar/?v={avatar}" if avatar else None


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str, **fields: Any) -> "User":
        user = self.model(email=email.strip(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email_key=email_key(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account, whose e-mail address is the login; or a service, which comes with a key alone."""

    class Kind(models.TextChoices):
        USER = "user"
        SERVICE = "service"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    email_key = models.CharField(max_length=EMAIL_KEY_LENGTH, unique=True, editable=False)
    email_verified_at = models.DateTimeField(null=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    name_key = models.CharField(max_length=NAME_KEY_LENGTH, db_index=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.USER, db_default=Kind.USER)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    locale = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    show_presence = models.BooleanField(default=True)
    show_typing = models.BooleanField(default=True)
    limit_profile = models.CharField(max_length=10, default="free")
    # The generated name of the picture's file, without folder and ending; empty without a picture.
    avatar = models.CharField(max_length=32, default="", db_default="")
    version = models.PositiveIntegerField(default=1)
    # Closed by the person themselves: when it is erased, unless they sign in before.
    erase_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True, db_index=True)
    # Closed by who runs the workspace: signing in does not open it again, and an erasure that was asked for comes.
    is_barred = models.BooleanField(default=False, db_default=False)
    erased_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    # Whether this sign-in opened an account again that was to be erased.
    came_back = False

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key = email_key(self.email)
        self.name_key = name_key(self.name)
        if fields := kwargs.get("update_fields"):
            kwargs["update_fields"] = {*fields, *(DERIVED[name] for name in fields if name in DERIVED)}
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def avatar_url(self) -> str | None:
        return avatar_url(self.pk, self.avatar)

    @property
    def may_enter(self) -> bool:
        """Say whether this person may sign in: also one who closed the account, which that opens again."""
        return self.is_active or (self.erase_at is not None and not self.is_barred)

    @cached_property
    def best_limit_profile(self) -> str:
        return limit_profiles.best(self)

    @property
    def role(self) -> str:
        return "staff" if self.is_staff else "member"


class GroupLimits(models.Model):
    """The profile of limits that a group gives to its members."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="limits")
    limit_profile = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"{self.group} {self.limit_profile}"


class Session(AbstractBaseSession):
    """One signed-in browser."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=64, default="")
    user_agent = models.CharField(max_length=300, default="")
    # What the person came with: `password`, `passkey`, or `openid` for the provider of the workspace.
    through = models.CharField(max_length=20, default="password", db_default="password")

    class Meta:
        verbose_name, verbose_name_plural = _("sign-in of a browser"), _("sign-ins of browsers")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from lyceum.accounts.sessions import SessionStore

        return SessionStore


class TokenFamily(models.Model):
    """One sign-in by token: the refresh tokens that follow each other, and their access tokens.

    That of an app which acts for a person has bounds, its scopes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=64, default="")
    user_agent = models.CharField(max_length=300, default="")
    # What the person came with: `password` or `passkey`; `app` where they let an app in.
    through = models.CharField(max_length=20, default="password", db_default="password")

    app = models.ForeignKey("accounts.App", null=True, on_delete=models.CASCADE, related_name="families")
    scopes = ArrayField(models.CharField(max_length=40), null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("sign-in of a program"), _("sign-ins of programs")

    def __str__(self) -> str:
        return str(self.id)


class Token(models.Model):
    """An access or a refresh token; only its hash is kept."""

    class Kind(models.TextChoices):
        ACCESS = "access"
        REFRESH = "refresh"

    hash = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=10, choices=Kind)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="tokens")
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    # Fewer than those of its family, where the app asked for fewer.
    scopes = ArrayField(models.CharField(max_length=40), null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.hash[:8]}"

    @property
    def granted(self) -> list[str] | None:
        """The scopes of an app's token; None for a person's own, which has no bounds."""
        return self.family.scopes if self.scopes is None else self.scopes


class ServiceKey(models.Model):
    """What a service comes with, and what it may do; only the hash of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="service_key")
    # How it begins, by which people know it again.
    prefix = models.CharField(max_length=12)
    hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)
    last_used_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    expires_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    revoked_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def limit_profile(self) -> str:
        return self.user.limit_profile


class ExternalIdentity(models.Model):
    """A person's account with an OpenID provider, by which they sign in here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    # As the provider last told it; for people to know the account by.
    email = models.EmailField(max_length=254, blank=True)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)
    last_used_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = _("account with a provider"), _("accounts with providers")
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_is_one_persons"),
            models.UniqueConstraint(fields=["user", "issuer"], name="one_identity_of_an_issuer"),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} {self.subject}"


class MailedLink(models.Model):
    """A single-use link sent by mail: to reset a password, to confirm an address, or to set the server up."""

    class Purpose(models.TextChoices):
        RESET = "reset"
        VERIFY = "verify"
        SETUP = "setup"

    hash = models.CharField(primary_key=True, max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254, default="")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.purpose} {self.hash[:8]}"


class Totp(models.Model):
    """A person's second factor: the secret that their app makes codes from, sealed."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="totp")
    sealed_secret = models.CharField(max_length=200)
    # The step of time of the last code: no code works twice, nor one before it.
    last_step = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """A code that stands once for one of the app; only a keyed hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "hash"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class Passkey(models.Model):
    """A key on a person's device or in their password manager, of which we keep the public half."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100)
    credential_id = models.BinaryField(max_length=1023, unique=True)
    # As the authenticator attested it: its model, the id and the public key in COSE.
    credential = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    is_synced = models.BooleanField(default=False)
    # The name of the workspace that it was made for; browsers offer it there alone.
    rp_id = models.CharField(max_length=253)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class PrivacyJob(models.Model):
    """What a person asked about all of their data: a file of it, or its end."""

    class Kind(models.TextChoices):
        EXPORT = "export"
        ERASURE = "erasure"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    OPEN = (State.WAITING, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="privacy_jobs")
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # In percent.
    progress = models.PositiveSmallIntegerField(default=0)
    size: "models.BigIntegerField[int | None, int | None]" = models.BigIntegerField(null=True)
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(default=timezone.now)
    # The end of the file; of an erasure, the time when it happens.
    expires_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=models.Q(state__in=["waiting", "running"]), name="privacy_job_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"
