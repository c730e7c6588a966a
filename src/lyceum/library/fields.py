"""How the values of books come in: by the API, in an import, on a page."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import StrictText
from lyceum.library import isbn

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,6})?")
# With a hyphen or a blank between all its digits.
LONGEST_ISBN = 25
CURRENCY = re.compile(r"[A-Z]{3}")
EARLIEST_YEAR, LATEST_YEAR = -3000, 2200


class Price(serializers.DecimalField):
    """Money as a decimal text with at most two places."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, min_value=Decimal(0), **options)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            raise serializers.ValidationError('Send money as text, such as "12.50".', code="invalid_type")
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", data.strip()):
            raise serializers.ValidationError("Use a decimal number such as 12.50.", code="invalid")
        return super().to_internal_value(data.strip())


class Currency(StrictText):
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not CURRENCY.fullmatch(text):
            raise serializers.ValidationError("Use a code of ISO 4217, such as EUR.", code="invalid")
        return text


class Isbn(StrictText):
    """An ISBN of ten or thirteen digits, with or without hyphens; empty for none."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        found = isbn.normal(text) if 0 < len(text) <= LONGEST_ISBN else None
        if text and found is None:
            raise serializers.ValidationError("This is no ISBN: its check digit does not fit.", code="invalid")
        return found


class Language(StrictText):
    """A code such as `en` or `de-AT`; empty where nobody knows."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not LANGUAGE.fullmatch(text):
            raise serializers.ValidationError("Use a code such as en or de-AT.", code="invalid")
        return text


class Day(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            raise serializers.ValidationError("Send a day as text.", code="invalid_type")
        try:
            return date.fromisoformat(value)
        except ValueError as err:
            raise serializers.ValidationError("Use a day such as 2027-03-01.", code="invalid") from err
