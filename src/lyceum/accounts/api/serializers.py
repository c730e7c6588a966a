import re
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils import timezone
from rest_framework import serializers

from lyceum.accounts.models import EMAIL_KEY_LENGTH, email_key
from lyceum.accounts.passwords import broken_rules
from lyceum.core.scopes import declared
from lyceum.core.serializers import Body, Moment, PersonName, StrictBoolean, StrictChoice, StrictText

LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


class Email(StrictText):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        message = "Enter the whole address, like name@example.org."
        try:
            validate_email(text)
        except DjangoValidationError as err:
            raise serializers.ValidationError(message, code="invalid") from err
        # Compared, some characters are many.
        if len(email_key(text)) > EMAIL_KEY_LENGTH:
            raise serializers.ValidationError(message, code="invalid")
        return text


class Password(StrictText):
    """Kept exactly as typed; its rules are checked by the service."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, write_only=True, max_length=1000, **options)


class Otp(StrictText):
    """A code of the second factor, or a recovery code, with or without blanks and hyphens."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20, **options)


PERSON = {
    "email": "ada@example.org",
    "first_name": "Ada",
    "last_name": "Bright",
    "password": "Lefroy-salt-lake-7",
    "password_confirm": "Lefroy-salt-lake-7",
}


class Newcomer(Body):
    """Who somebody is, before there is a password."""

    email = Email()
    first_name = PersonName()
    last_name = PersonName()


class RegisterBody(Newcomer):
    example = PERSON
    password = Password()
    password_confirm = Password()

    def to_internal_value(self, data: Any) -> Any:
        """Report the password's broken rules beside those of the other fields, all at once."""
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as err:
            raise serializers.ValidationError({**_password_faults(data), **err.detail}) from err  # type: ignore[dict-item]


def _password_faults(data: Any) -> dict[str, list[serializers.ErrorDetail]]:
    if not isinstance(data, dict):
        return {}
    texts = {name: data.get(name) for name in ("email", "first_name", "last_name", "password", "password_confirm")}
    if not isinstance(texts["password"], str) or not texts["password"]:
        return {}
    email, first, last, password, confirm = (value if isinstance(value, str) else "" for value in texts.values())
    if not isinstance(texts["password_confirm"], str):
        confirm = password
    faults: dict[str, list[serializers.ErrorDetail]] = {}
    for fault in broken_rules(password, confirm, email=email, names=[first, last]):
        faults.setdefault(fault.field, []).append(serializers.ErrorDetail(fault.detail, fault.code))
    return faults


class SetupBody(RegisterBody):
    example = {**PERSON, "token": "the-token-of-the-link"}
    token = StrictText(max_length=200)


class LoginBody(Body):
    example = {"email": "ada@example.org", "password": "Lefroy-salt-lake-7"}
    # Any text: what is no address is simply a wrong one.
    email = StrictText(max_length=1000)
    password = Password()
    otp = Otp(required=False)


class OtpBody(Body):
    example = {"otp": "123456"}
    otp = Otp()


class RefreshBody(Body):
    refresh = StrictText(max_length=1000)


class TokenBody(Body):
    token = StrictText(max_length=1000)


class PasswordBody(Body):
    example = {
        "current_password": "Lefroy-salt-lake-7",
        "password": "Norseman-granite-3",
        "password_confirm": "Norseman-granite-3",
    }
    current_password = Password()
    password = Password()
    password_confirm = Password()


class EmailOnlyBody(Body):
    email = StrictText(max_length=1000)


class ProofBody(Body):
    """What shows again who asks: with `person` in the context, the password of everybody who has one."""

    password = Password(required=False, help_text="Of everybody who has one.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.context.get("person")
        self.fields["password"].required = person is not None and person.has_usable_password()


class ChangeEmailBody(ProofBody):
    email = Email()


class ResetBody(Body):
    token = StrictText(max_length=200)
    password = Password()
    password_confirm = Password()


class ProfileBody(Body):
    example = {"timezone": "Australia/Perth", "show_presence": False}
    first_name = PersonName(required=False)
    last_name = PersonName(required=False)
    locale = StrictText(required=False, max_length=10)
    timezone = StrictText(required=False, max_length=64)
    show_presence = StrictBoolean(required=False)
    show_typing = StrictBoolean(required=False)

    def validate_locale(self, value: str) -> str:
        if not LOCALE.fullmatch(value) or value.split("-")[0] not in LANG_INFO:
            raise serializers.ValidationError("Use a language such as en or en-AU.", code="invalid")
        return value

    def validate_timezone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError("Use a zone such as Australia/Perth.", code="invalid")
        return value


class KeyBody(Body):
    example = {"name": "Field reports", "scopes": ["chat:read", "chat:write"], "limit_profile": "basic"}
    name = StrictText(max_length=100)
    scopes = serializers.ListField(child=StrictText(max_length=40), min_length=1, max_length=40)
    limit_profile = StrictChoice(["free", "basic", "premium"], required=False)
    expires_at = Moment(required=False, allow_null=True)

    def validate_scopes(self, value: list[str]) -> list[str]:
        known = declared()
        if unknown := [name for name in value if name not in known]:
            raise serializers.ValidationError(
                f"There is no scope {unknown[0]}. Choose of: {', '.join(known)}.", code="invalid"
            )
        return value

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("Choose a moment that is to come.", code="too_small")
        return value


class KeyView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    user = serializers.UUIDField(help_text="The service's own identity, which conversations can take in.")
    prefix = serializers.CharField(help_text="How the key begins.")
    scopes = serializers.ListField(child=serializers.CharField())
    limit_profile = serializers.ChoiceField(["free", "basic", "premium"])
    created_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(["alive", "expired", "revoked"])


class MadeKeyView(KeyView):
    key = serializers.CharField(help_text="The key itself; it is never shown again.")


class KeyPage(serializers.Serializer[Any]):
    results = KeyView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AvatarBody(Body):
    file = serializers.FileField()


class UserView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.ChoiceField(["member", "staff"])
    date_joined = serializers.DateTimeField()


class ProfileView(UserView):
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    email_verified_at = serializers.DateTimeField(allow_null=True)
    locale = serializers.CharField()
    timezone = serializers.CharField()
    show_presence = serializers.BooleanField()
    show_typing = serializers.BooleanField()
    limit_profile = serializers.ChoiceField(["free", "basic", "premium"])


class TokenPairView(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    access_expires_at = serializers.DateTimeField()
    refresh_expires_at = serializers.DateTimeField()


class CsrfView(serializers.Serializer[Any]):
    csrf_token = serializers.CharField()


class TicketView(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()


class DirectoryPersonView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    presence = serializers.ChoiceField(["online", "away", "offline"], allow_null=True)
    email = serializers.CharField(required=False)


class DirectoryView(serializers.Serializer[Any]):
    results = DirectoryPersonView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(min_value=0)


class SignInView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["browser", "token"])
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    address = serializers.CharField()
    user_agent = serializers.CharField()
    current = serializers.BooleanField()
    through = serializers.ChoiceField(["password", "passkey", "openid", "app"])
    app = serializers.CharField(allow_null=True, help_text="The name of the app that acts for one.")


class IdentityView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    issuer = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()


class IdentityPage(serializers.Serializer[Any]):
    results = IdentityView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
