from typing import Any

from rest_framework import serializers

from lyceum.core.serializers import Body, StrictChoice, StrictInteger, StrictText, StrictUUID


class ParticipantIds(serializers.ListField):
    child = StrictUUID()

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=1000, **options)


class ConversationBody(Body):
    example = {"kind": "group", "name": "Kambalda mapping week", "participants": []}
    kind = StrictChoice(["direct", "group"])
    participants = ParticipantIds()
    name = StrictText(required=False, min_length=1, max_length=100)
    retention = StrictChoice(["permanent", "ephemeral"], required=False)
    history = StrictChoice(["joined", "all"], required=False)

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["kind"] == "group" and "name" not in body:
            raise serializers.ValidationError({"name": "A group needs a name."}, code="required")
        if body["kind"] == "direct" and "name" in body:
            raise serializers.ValidationError({"name": "A direct conversation has no name."}, code="invalid")
        return body


class ConversationPatch(Body):
    name = StrictText(required=False, min_length=1, max_length=100)
    history = StrictChoice(["joined", "all"], required=False)
    notifications = StrictChoice(["all", "mentions", "none"], required=False)


class MessageBody(Body):
    example = {"content": "Maps are due on Friday.", "client_id": "01a20a8c-3f3b"}
    content = StrictText(trim_whitespace=False, allow_blank=True, help_text="May be empty beside attachments.")
    client_id = StrictText(required=False, min_length=1, max_length=64, trim_whitespace=False)
    reply_to = StrictUUID(required=False, allow_null=True)
    attachments = serializers.ListField(child=StrictUUID(), required=False, max_length=10)


class AttachmentBody(Body):
    file = serializers.FileField()


class ContentBody(Body):
    content = StrictText(trim_whitespace=False, allow_blank=True)


class ReadBody(Body):
    sequence = StrictInteger(min_value=0, max_value=2**63 - 1)


class MemberBody(Body):
    user = StrictUUID()
    role = StrictChoice(["owner", "member"], required=False)


class RoleBody(Body):
    role = StrictChoice(["owner", "member"])


class PersonView(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    kind = serializers.ChoiceField(["user", "assistant", "visitor", "service"])
    avatar = serializers.CharField(allow_null=True)


class ParticipantView(PersonView):
    role = serializers.ChoiceField(["owner", "member"])
    read_sequence = serializers.IntegerField()


class ReplyView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    sequence = serializers.IntegerField()
    sender = PersonView(allow_null=True)
    excerpt = serializers.CharField(allow_null=True)


class ThreadView(serializers.Serializer[Any]):
    root = serializers.UUIDField()  # type: ignore[assignment]  # the contract's name, also REST framework's
    count = serializers.IntegerField()


class ReactionView(serializers.Serializer[Any]):
    emoji = serializers.CharField()
    count = serializers.IntegerField()
    mine = serializers.BooleanField()


class AttachmentView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    url = serializers.CharField(allow_null=True, help_text="Null until the file is `ready`.")
    preview_url = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(["pending", "ready", "blocked"])


class MessageView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField()
    sequence = serializers.IntegerField()
    client_id = serializers.CharField(allow_null=True)
    sender = PersonView()
    message_type = serializers.ChoiceField(["user", "ai", "system"])
    content = serializers.CharField()
    timestamp = serializers.DateTimeField()
    reply_to = ReplyView(allow_null=True)
    thread = ThreadView(allow_null=True)
    attachments = AttachmentView(many=True)
    reactions = ReactionView(many=True)
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField()
    metadata = serializers.DictField()


class ConversationView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["direct", "group"])
    name = serializers.CharField(allow_null=True)
    retention = serializers.ChoiceField(["permanent", "ephemeral"])
    history = serializers.ChoiceField(["joined", "all"])
    participants = ParticipantView(many=True)
    last_message = MessageView(allow_null=True)
    last_sequence = serializers.IntegerField()
    unread_count = serializers.IntegerField()
    muted = serializers.BooleanField()
    notifications = serializers.ChoiceField(["all", "mentions", "none"])
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ConversationPage(serializers.Serializer[Any]):
    results = ConversationView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class MessagePage(serializers.Serializer[Any]):
    results = MessageView(many=True)
    has_more = serializers.BooleanField()


class MemberList(serializers.Serializer[Any]):
    results = ParticipantView(many=True)


class ReactionsView(serializers.Serializer[Any]):
    reactions = ReactionView(many=True)


class ReadView(serializers.Serializer[Any]):
    read_sequence = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class HealthView(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["healthy", "unhealthy"])
    gateway = serializers.ChoiceField(["healthy", "unhealthy"])
    store = serializers.ChoiceField(["healthy", "unhealthy"])
    live = serializers.ChoiceField(["healthy", "unhealthy"])


class ListenerView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    description = serializers.CharField()
    host = serializers.CharField()


class ListenerList(serializers.Serializer[Any]):
    results = ListenerView(many=True)


class UnreadView(serializers.Serializer[Any]):
    unread_count = serializers.IntegerField(min_value=0)


class PlaceView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["direct", "group"])
    name = serializers.CharField(help_text="Of a direct conversation the other person's.")


class FoundMessageView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    conversation = PlaceView()
    sequence = serializers.IntegerField()
    sender = PersonView()
    content = serializers.CharField()
    highlight = serializers.CharField(help_text="Safe HTML: an excerpt with `<mark>` around what was found.")
    timestamp = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(help_text="Talk, open at this message.")


class FoundMessagePage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = FoundMessageView(many=True)
    next = serializers.CharField(allow_null=True)
    did_you_mean = serializers.CharField(required=False)
    took = serializers.FloatField(help_text="Milliseconds in the index.")
