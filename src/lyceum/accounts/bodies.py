"""What comes in from outside by the same rules whichever the way: the API, pages, commands, another provider."""

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils import timezone
from rest_framework import serializers

from lyceum.accounts.models import EMAIL_KEY_LENGTH, email_key
from lyceum.accounts.passwords import broken_rules
from lyceum.core.scopes import declared
from lyceum.core.serializers import Body, Moment, PersonName, StrictChoice, StrictText

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
