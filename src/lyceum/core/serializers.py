"""Fields that convert nothing, and a serializer that reports every broken rule at once."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lyceum.core.json import has_lone_surrogate


class StrictText(serializers.CharField):
    """Text as sent: white space trimmed, NUL and lone surrogates refused, length in code points."""

    default_error_messages = {
        "blank": _("Fill this in."),
        "max_length": _("Use {max_length} characters or fewer."),
        "min_length": _("Use {min_length} characters or more."),
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text.", code="invalid_type")
        if "\x00" in data or has_lone_surrogate(data):
            raise serializers.ValidationError("It holds a character that is not allowed.", code="invalid")
        text = data.strip() if self.trim_whitespace else data
        if text == "" and not self.allow_blank:
            self.fail("blank")
        return text

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # CharField's own answer for blank text comes before the type is looked at.
        return serializers.Field.run_validation(self, data)


class StrictBoolean(serializers.Field[Any, Any, Any, Any]):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Send true or false.", code="invalid_type")
        return data

    def to_representation(self, value: bool) -> bool:
        return value


class StrictInteger(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("Send a whole number.", code="invalid_type")
        return data


class StrictChoice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text.", code="invalid_type")
        if data not in self.choices:
            raise serializers.ValidationError(f"Choose one of: {', '.join(self.choices)}.", code="invalid")
        return data


class StrictUUID(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send an id.", code="invalid_type")
        try:
            return UUID(data)
        except ValueError as err:
            raise serializers.ValidationError("This is not an id.", code="invalid") from err


class Moment(serializers.DateTimeField):
    """A moment as RFC 3339 writes it, with its zone."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise serializers.ValidationError("Send a moment as text.", code="invalid_type")
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is None:
                raise ValueError("a moment without a zone is many")
            return found.astimezone(UTC)
        except (ValueError, OverflowError) as err:
            raise serializers.ValidationError("Use a moment such as 2027-03-01T09:00:00Z.", code="invalid") from err


class PersonName(StrictText):
    """Letters and marks of any script, single inner spaces, hyphens and apostrophes; 2 to 150 characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=2, max_length=150, **options)

    def to_internal_value(self, data: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_internal_value(data))
        allowed = all(unicodedata.category(c)[0] in "LM" or c in " -'’" for c in text)
        if not allowed or "  " in text or not any(unicodedata.category(c)[0] == "L" for c in text):
            raise serializers.ValidationError("Use letters, single spaces, hyphens and apostrophes.", code="invalid")
        return text


class Body(serializers.Serializer[Any]):
    """A request's body: an object with known fields only. `example` is one in the document."""

    example: ClassVar[dict[str, Any]] = {}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["Send an object."]}, code="invalid_type")
        errors: dict[str, Any] = {}
        writable = {name for name, field in self.fields.items() if not field.read_only}
        for name in data:
            if name not in writable:
                errors[str(name)[:100].encode("utf-8", "replace").decode()] = [
                    serializers.ErrorDetail("This field is not known.", "unknown_field")
                ]
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as err:
            raise serializers.ValidationError({**err.detail, **errors}) from err  # type: ignore[dict-item]
        if errors:
            raise serializers.ValidationError(errors)
        return value
