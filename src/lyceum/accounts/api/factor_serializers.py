"""Bodies and answers of the second factor and of passkeys."""

from typing import Any

from rest_framework import serializers

from lyceum.accounts.api.serializers import ProofBody
from lyceum.accounts.bodies import Otp
from lyceum.core.serializers import Body, StrictText


class ConfirmBody(ProofBody):
    example = {"password": "Lefroy-salt-lake-7", "otp": "123456"}
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


class CredentialField(serializers.JSONField):
    """A PublicKeyCredential as browsers write it in JSON; what is in it is checked by its signature."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Send what the browser made, as an object.", code="invalid_type")
        return data


class AnswerBody(Body):
    """A challenge's token, and what the browser made for it."""

    state = StrictText(max_length=100)
    credential = CredentialField()


class NewPasskeyBody(AnswerBody):
    name = StrictText(max_length=100, required=False)


class PasskeyNameBody(Body):
    example = {"name": "Work laptop"}
    name = StrictText(max_length=100)


class ChallengeView(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="Sent back with the browser's answer; good once, for five minutes.")
    public_key = serializers.DictField(
        child=serializers.JSONField(), help_text="Options in the JSON form of WebAuthn, for the browser."
    )


class PasskeyView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_synced = serializers.BooleanField(help_text="Kept by a password manager on several devices.")
    rp_id = serializers.CharField(help_text="The name of the workspace that it was made for.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class PasskeyListView(serializers.Serializer[Any]):
    results = PasskeyView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
