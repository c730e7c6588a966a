"""Bodies and answers of the second factor and of passkeys."""

from typing import Any

from rest_framework import serializers

from lyceum.accounts.api.serializers import Otp, Password
from lyceum.core.serializers import Body


class ConfirmBody(Body):
    example = {"password": "Lefroy-salt-lake-7", "otp": "123456"}
    password = Password()
    otp = Otp(required=False)


class TotpView(serializers.Serializer[Any]):
    is_on = serializers.BooleanField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField(min_value=0)


class TotpSetupView(serializers.Serializer[Any]):
    secret = serializers.CharField()
    uri = serializers.CharField()
    qr_svg = serializers.CharField()


class RecoveryCodesView(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField())
