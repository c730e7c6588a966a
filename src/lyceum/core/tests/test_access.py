"""Who may do what, for every operation of the document: a new one fails here until it has its line."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from drf_spectacular.renderers import OpenApiJsonRenderer
from rest_framework.test import APIClient

from lyceum.accounts import exports
from lyceum.accounts.models import Passkey, PrivacyJob
from lyceum.config.urls import openapi
from lyceum.core.archives import Archive
from lyceum.core.ids import uuid7
from lyceum.messaging import services
from lyceum.messaging.models import Conversation, Message, Participant
from lyceum.notifications.models import Device, Webhook

OPEN = {
    "get_async_api",
    "get_csrf",
    "get_health",
    "post_email_verify",
    "post_email_verify_again",
    "post_login",
    "post_passkey_login",
    "post_passkey_login_options",
    "post_passkey_token",
    "post_passkey_token_options",
    "post_password_reset",
    "post_password_reset_confirm",
    "post_register",
    "post_setup",
    "post_token_blacklist",
    "post_token_open",
    "post_token_refresh",
    "post_token_verify",
}
# Only what is one's own, or what everybody signed in may see.
PERSON = {
    "delete_own_avatar",
    "delete_sign_in_list",
    "get_avatar",
    "get_conversation_list",
    "get_device_list",
    "get_directory",
    "get_export",
    "get_grant_list",
    "get_identity_list",
    "get_me",
    "get_notification_preferences",
    "get_passkey_list",
    "get_profile",
    "get_push_key",
    "get_sign_in_list",
    "get_totp",
    "get_unread",
    "patch_me",
    "patch_notification_preferences",
    "patch_profile",
    "post_confirm",
    "post_conversation_list",
    "post_device_list",
    "post_erase",
    "post_export",
    "post_email_change",
    "post_logout",
    "post_passkey_confirm",
    "post_passkey_confirm_options",
    "post_passkey_list",
    "post_passkey_options",
    "post_password_change",
    "post_recovery_codes",
    "post_totp",
    "post_totp_confirm",
    "post_totp_off",
    "post_ws_ticket",
    "put_own_avatar",
}
# Somebody's object, with a body that would be good: to strangers it does not exist.
OWNED: dict[str, Any] = {
    "delete_conversation_detail": None,
    "delete_conversation_webhook": None,
    "delete_device_detail": None,
    "delete_grant_detail": None,
    "delete_identity_detail": None,
    "delete_member_detail": None,
    "delete_message_detail": None,
    "delete_message_reaction": None,
    "delete_passkey_detail": None,
    "delete_sign_in_detail": None,
    "get_conversation_detail": None,
    "get_conversation_webhooks": None,
    "get_export_detail": None,
    "get_export_file": None,
    "get_member_list": None,
    "get_message_detail": None,
    "get_message_list": None,
    "get_message_thread": None,
    "patch_conversation_detail": {"name": "Mine"},
    "patch_member_detail": {"role": "member"},
    "patch_message_detail": {"content": "mine"},
    "patch_passkey_detail": {"name": "Mine"},
    "post_conversation_leave": None,
    "post_conversation_restore": None,
    "post_device_test": None,
    "post_member_list": {"user": "01890000-0000-7000-8000-000000000000"},
    "post_message_list": {"content": "mine"},
    "post_read": {"sequence": 1},
    "put_conversation_webhook": None,
    "put_message_reaction": None,
}

# For those who run the workspace; a stranger of the workspace's own is refused, and told so.
STAFF: dict[str, Any] = {
    "delete_app_detail": None,
    "delete_key_detail": None,
    "get_app_list": None,
    "get_key_list": None,
    "post_app_list": {
        "name": "Cores",
        "redirect_uris": ["https://cores.example.org/back"],
        "scopes": ["openid"],
        "is_confidential": True,
    },
    "delete_webhook_detail": None,
    "get_delivery_list": None,
    "get_webhook_detail": None,
    "get_webhook_events": None,
    "get_webhook_list": None,
    "patch_webhook_detail": {"is_enabled": False},
    "post_delivery_repeat": None,
    "post_key_list": {"name": "Reports", "scopes": ["chat:read"]},
    "post_webhook_list": {"url": "https://1.1.1.1/hook", "events": ["message.created"]},
    "post_webhook_secret": None,
    "post_webhook_test": None,
}

# What takes more than being the owner; its own tests say what.
ELSEWHERE = {
    "delete_grant_detail",
    "delete_identity_detail",
    "delete_passkey_detail",
    "delete_sign_in_detail",
    "post_conversation_restore",
    "post_member_list",
}


def operations() -> dict[str, tuple[str, str]]:
    document = json.loads(openapi(OpenApiJsonRenderer))
    return {
        one["operationId"]: (method, path)
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }


def ask(client: APIClient, operation: str, ids: dict[str, Any]) -> Any:
    method, path = operations()[operation]
    return getattr(client, method)(path.format(**ids), {**OWNED, **STAFF}.get(operation))


def nothing() -> dict[str, Any]:
    names = "conversation message member user sign_in key identity passkey device app grant webhook delivery export"
    return {**{f"{name}_id": uuid7() for name in names.split()}, "emoji": "👍"}


@pytest.fixture
def things(alice: Any, bob: Any, settings: Any, tmp_path: Any) -> dict[str, Any]:
    settings.MEDIA_ROOT = tmp_path
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    sent = services.send_message(room.pk, sender=alice.pk, content="rock")
    key = Passkey.objects.create(user=alice, name="Phone", credential_id=b"1", credential=b"", rp_id="localhost")
    device = Device.objects.create(user=alice, endpoint="https://push.example.org/a", endpoint_hash="a")
    webhook = Webhook.objects.create(url="https://hooks.example.org/", events=["message.created"])
    webhook.scopes.create(scope=room.pk)
    ids = {"conversation_id": room.pk, "message_id": sent.message_id, "member_id": bob.pk, "passkey_id": key.pk}
    export = PrivacyJob.objects.create(
        user=alice, kind="export", state="done", expires_at=timezone.now() + timedelta(1)
    )
    with BytesIO() as file:
        Archive(file).close()
        default_storage.delete(exports.path_of(export.pk))
        default_storage.save(exports.path_of(export.pk), ContentFile(file.getvalue()))
    return {**nothing(), **ids, "device_id": device.pk, "webhook_id": webhook.pk, "export_id": export.pk}


def test_every_operation_has_its_line() -> None:
    assert set(operations()) == OPEN | PERSON | set(OWNED) | set(STAFF)
    assert len(operations()) == len(OPEN) + len(PERSON) + len(OWNED) + len(STAFF)


@pytest.mark.django_db
def test_nobody_gets_behind_a_door_that_is_not_open(api: APIClient, things: dict[str, Any], settings: Any) -> None:
    settings.LIMITS_ENABLED = False
    for operation in operations():
        answer = ask(api, operation, things)
        is_shut = answer.status_code == 401 and answer.json()["code"] == "not_authenticated"
        assert is_shut != (operation in OPEN), operation


def state() -> Any:
    return [list(model.objects.order_by("pk").values()) for model in (Conversation, Participant, Message, Passkey)]


@pytest.mark.django_db
@pytest.mark.parametrize("operation", sorted(OWNED))
def test_what_is_anothers_and_what_is_not_look_the_same(
    charlie_api: APIClient, alice_api: APIClient, things: dict[str, Any], operation: str
) -> None:
    before = state()
    answers = [ask(charlie_api, operation, ids) for ids in (things, nothing())]
    assert [answer.status_code for answer in answers] == [404, 404]
    told = [{k: v for k, v in a.json().items() if k not in ("instance", "request_id")} for a in answers]
    assert told[0] == told[1]
    assert state() == before
    # Its owner is not refused alike, or the refusal above would prove nothing.
    if operation not in ELSEWHERE:
        assert ask(alice_api, operation, things).status_code < 300


@pytest.mark.django_db
@pytest.mark.parametrize("operation", sorted(STAFF))
def test_what_is_for_staff_is_refused_to_others(charlie_api: APIClient, staff_api: APIClient, operation: str) -> None:
    refused = ask(charlie_api, operation, nothing())
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert ask(staff_api, operation, nothing()).status_code in (200, 201, 404)
