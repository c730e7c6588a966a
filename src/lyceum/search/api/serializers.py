from typing import Any

from rest_framework import serializers


class FoundView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    url = serializers.CharField(help_text="The page with it, or its place in Talk.")
    highlight = serializers.CharField(help_text="Safe HTML: text with `<mark>` around what was found; may be empty.")
    note = serializers.CharField(help_text="Who wrote it or what it is; may be empty.")
    at = serializers.DateTimeField(allow_null=True)


class GroupView(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()
    count = serializers.IntegerField()
    results = FoundView(many=True)


class EverythingView(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    groups = GroupView(many=True)
    did_you_mean = serializers.CharField(required=False)
    took = serializers.FloatField(help_text="Milliseconds in the index.")
