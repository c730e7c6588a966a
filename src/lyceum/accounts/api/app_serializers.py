from typing import Any

from rest_framework import serializers

from lyceum.accounts.oauth.apps import LONGEST_REDIRECT, MOST_REDIRECTS, all_scopes, is_good_redirect, is_plain
from lyceum.core.serializers import Body, StrictBoolean, StrictText


def _without_address(data: Any) -> dict[str, list[serializers.ErrorDetail]]:
    if not isinstance(data, dict) or data.get("redirect_uris", []) != [] or data.get("may_use_devices") is True:
        return {}
    return {"redirect_uris": [serializers.ErrorDetail("Give at least one address.", "required")]}


class AppBody(Body):
    example = {
        "name": "Core shed",
        "redirect_uris": ["https://cores.example.org/back"],
        "scopes": ["openid", "profile", "chat:read"],
        "is_confidential": True,
    }
    name = StrictText(max_length=100)
    redirect_uris = serializers.ListField(
        child=StrictText(max_length=LONGEST_REDIRECT),
        max_length=MOST_REDIRECTS,
        required=False,
        help_text="Only an app for devices can do without any.",
    )
    scopes = serializers.ListField(child=StrictText(max_length=40), min_length=1, max_length=40)
    is_confidential = StrictBoolean()
    may_use_devices = StrictBoolean(required=False)

    def to_internal_value(self, data: Any) -> Any:
        """Report that no address is given beside the broken rules of the other fields, all at once."""
        fault = _without_address(data)
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as err:
            raise serializers.ValidationError({**fault, **err.detail}) from err  # type: ignore[dict-item]
        if fault:
            raise serializers.ValidationError(fault)
        return {"redirect_uris": [], **found}

    def validate_name(self, value: str) -> str:
        if not is_plain(value):
            raise serializers.ValidationError("It holds a character that is not allowed.", code="invalid")
        return value

    def validate_redirect_uris(self, value: list[str]) -> list[str]:
        if wrong := [uri for uri in value if not is_good_redirect(uri)]:
            raise serializers.ValidationError(
                f"{wrong[0]} is no address for answers. Use https://, http:// on this machine, or a scheme of the app's"
                " own such as org.example.app:/back.",
                code="invalid",
            )
        return value

    def validate_scopes(self, value: list[str]) -> list[str]:
        known = all_scopes()
        if unknown := [name for name in value if name not in known]:
            raise serializers.ValidationError(
                f"There is no scope {unknown[0]}. Choose of: {', '.join(known)}.", code="invalid"
            )
        return value


class AppView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client_id = serializers.CharField()
    name = serializers.CharField()
    redirect_uris = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField())
    is_confidential = serializers.BooleanField()
    may_use_devices = serializers.BooleanField()
    origin = serializers.ChoiceField(["staff", "registered", "document"])
    created_at = serializers.DateTimeField()


class MadeAppView(AppView):
    secret = serializers.CharField(allow_blank=True, help_text="Never shown again; empty for a public app.")


class AppPage(serializers.Serializer[Any]):
    results = AppView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class GrantView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client_id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()


class GrantPage(serializers.Serializer[Any]):
    results = GrantView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
