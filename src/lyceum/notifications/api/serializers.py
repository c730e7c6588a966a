from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import Body, StrictBoolean, StrictChoice, StrictText
from lyceum.notifications.models import Preferences


class PushKeysBody(Body):
    p256dh = StrictText(max_length=120)
    auth = StrictText(max_length=60)


class DeviceBody(Body):
    """What a browser's `PushSubscription` says of itself."""

    example = {
        "endpoint": "https://push.example.org/send/6fYx2",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }
    endpoint = StrictText(max_length=2048)
    keys = PushKeysBody()


class PreferencesBody(Body):
    example = {"digest": "hourly", "show_text": False}
    digest = StrictChoice(choices=Preferences.Digest.values, required=False)
    show_text = StrictBoolean(required=False)
    group_messages = StrictBoolean(required=False)


class PreferencesView(serializers.Serializer[Any]):
    digest = serializers.ChoiceField(Preferences.Digest.values)
    show_text = serializers.BooleanField(help_text="Whether devices show the text of messages.")
    group_messages = serializers.BooleanField(
        help_text="Whether devices also tell of messages in groups that mention nobody, where these notify of all."
    )
    digest_reaches = serializers.BooleanField(help_text="Whether the address is confirmed: mails go to no other.")


class PushKeyView(serializers.Serializer[Any]):
    public_key = serializers.CharField(help_text="The `applicationServerKey` of a subscription.")


class DeviceView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(help_text="Such as “Firefox on Linux”; empty for an unknown program.")
    current = serializers.BooleanField(help_text="Whether it was added by this sign-in.")
    created_at = serializers.DateTimeField()
    last_sent_at = serializers.DateTimeField(allow_null=True)
    refused_with = serializers.IntegerField(
        allow_null=True, help_text="The status with which its push service refused the last message."
    )


class DeviceList(serializers.Serializer[Any]):
    results = DeviceView(many=True)


class JobView(serializers.Serializer[Any]):
    job = serializers.IntegerField()
