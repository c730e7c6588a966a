from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import Body, StrictBoolean, StrictChoice, StrictText
from lyceum.notifications.models import Delivery, Preferences


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


class EventNames(serializers.ListField):
    child = StrictText(max_length=40)

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=1, max_length=50, **options)


class WebhookBody(Body):
    example = {"url": "https://hooks.example.org/lyceum", "events": ["message.created", "member.added"]}
    url = StrictText(max_length=2048)
    events = EventNames()
    description = StrictText(max_length=200, required=False, allow_blank=True)


class WebhookPatch(Body):
    example = {"is_enabled": True}
    url = StrictText(max_length=2048, required=False)
    events = EventNames(required=False)
    description = StrictText(max_length=200, required=False, allow_blank=True)
    is_enabled = StrictBoolean(required=False)


class WebhookGroups(Body):
    """Which of one's groups a webhook has the texts of; without the field, none."""

    groups = serializers.ListField(child=serializers.UUIDField(), max_length=1000, required=False)


class WebhookView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    is_enabled = serializers.BooleanField()
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Since when it has taken nothing.")
    conversations = serializers.ListField(
        child=serializers.UUIDField(), help_text="Those whose owners let it have the texts."
    )
    created_at = serializers.DateTimeField()


class MadeWebhookView(WebhookView):
    secret = serializers.CharField(help_text="What deliveries are signed with; it is never shown again.")


class WebhookPage(serializers.Serializer[Any]):
    results = WebhookView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class DeliveryView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    webhook_id = serializers.CharField(help_text="The `webhook-id` under which it is sent.")
    event = serializers.CharField()
    # The name is taken by what serializers answer, which an instance never mixes up.
    data = serializers.DictField(help_text="The ids; texts are read when it is sent.")  # type: ignore[assignment]
    state = serializers.ChoiceField(Delivery.State.values)
    tries = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="What the last try was answered with.")
    error = serializers.CharField(help_text="Why the last try was not answered.")
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="When it is tried next.")
    ended_at = serializers.DateTimeField(allow_null=True)


class DeliveryPage(serializers.Serializer[Any]):
    results = DeliveryView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class EventView(serializers.Serializer[Any]):
    name = serializers.CharField()
    meaning = serializers.CharField()


class EventList(serializers.Serializer[Any]):
    results = EventView(many=True)
