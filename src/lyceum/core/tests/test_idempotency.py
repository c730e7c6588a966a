from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.core import idempotency
from lyceum.core.models import IdempotencyRecord
from lyceum.core.testing.api_cases import check_problem, field_codes
from lyceum.core.testing.people import client_of
from lyceum.messaging import services
from lyceum.messaging.models import Conversation, Message

ROOMS = "/api/v1/chat/conversations/"
GROUP = {"kind": "group", "name": "Maps", "participants": []}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.LIMITS_ENABLED = False


def post(client: APIClient, body: dict[str, Any], key: str = "one", path: str = ROOMS) -> Any:
    return client.post(path, body, headers={"Idempotency-Key": key})


def test_a_repeat_gets_the_first_answer_and_does_nothing(alice_api: APIClient) -> None:
    first = post(alice_api, GROUP)
    for path in (ROOMS, ROOMS.rstrip("/"), "/api/chat/conversations/"):
        again = post(alice_api, GROUP, path=path)
        assert (again.status_code, again.content) == (201, first.content)
        assert again["Idempotency-Replayed"] == "true"
        assert again["Location"] == first["Location"] == f"{ROOMS}{first.json()['id']}/"
    assert "Idempotency-Replayed" not in first.headers
    assert Conversation.objects.count() == 1


def test_another_body_is_a_conflict_and_another_person_or_path_is_not(alice_api: APIClient, bob_api: APIClient) -> None:
    room = post(alice_api, GROUP).json()["id"]
    check_problem(post(alice_api, {**GROUP, "name": "Rocks"}), 409, "idempotency_key_reused")
    assert post(bob_api, {**GROUP, "name": "Rocks"}).status_code == 201
    assert post(alice_api, {"content": "x"}, path=f"{ROOMS}{room}/messages/").status_code == 201
    assert post(alice_api, GROUP, key="two").status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "caf\xe9"])
def test_a_malformed_key_is_400(alice_api: APIClient, key: str) -> None:
    assert field_codes(post(alice_api, GROUP, key=key)) == {("Idempotency-Key", "invalid")}
    assert not Conversation.objects.exists()


def test_a_refusal_is_kept_and_a_body_that_cannot_be_read_is_not(alice_api: APIClient) -> None:
    refused = post(alice_api, {"kind": "group", "participants": []})
    again = post(alice_api, {"kind": "group", "participants": []})
    assert refused.status_code == again.status_code == 400
    assert (again["Content-Type"], again["Idempotency-Replayed"]) == ("application/problem+json", "true")
    headers = {"Idempotency-Key": "two"}
    broken = alice_api.generic("POST", ROOMS, "{", content_type="application/json", headers=headers)
    check_problem(broken, 400, "malformed_body")
    assert post(alice_api, GROUP, key="two").status_code == 201


def test_a_fault_of_ours_is_not_kept(alice_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    alice_api.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(services, "create_group", lambda *args, **options: 1 / 0)
        assert post(alice_api, GROUP).status_code == 500
    assert post(alice_api, GROUP).status_code == 201


def test_a_second_request_meanwhile_is_told_so_until_the_first_is_given_up(alice: Any) -> None:
    client = client_of(alice)
    during: list[Any] = []
    create = services.create_group

    def create_slowly(*args: Any, **options: Any) -> Any:
        during.append(post(client_of(alice), GROUP))
        return create(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "create_group", create_slowly)
        assert post(client, GROUP).status_code == 201
    check_problem(during[0], 409, "request_in_progress")
    IdempotencyRecord.objects.update(status=None, created_at=timezone.now() - idempotency.ABANDONED * 2)
    assert post(client, GROUP).status_code == 201
    assert Conversation.objects.count() == 2


def test_a_key_is_forgotten_after_a_day(alice_api: APIClient) -> None:
    post(alice_api, GROUP)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert post(alice_api, {**GROUP, "name": "Rocks"}).status_code == 201


def test_without_a_person_a_key_is_ignored(api: APIClient) -> None:
    password = "Lefroy-salt-lake-7"
    body = {"email": "dora@example.org", "first_name": "Dora", "last_name": "Tester"}
    body |= {"password": password, "password_confirm": password}
    path = "/api/v1/users/register/"
    assert post(api, body, key="a b", path=path).status_code == 201
    assert field_codes(post(api, body, key="a b", path=path)) == {("email", "taken")}


def test_an_ephemeral_text_is_repeated_and_never_in_the_database(alice_api: APIClient) -> None:
    room = alice_api.post(ROOMS, {**GROUP, "retention": "ephemeral"}).json()["id"]
    path = f"{ROOMS}{room}/messages/"
    first = post(alice_api, {"content": "gone tomorrow"}, path=path)
    again = post(alice_api, {"content": "gone tomorrow"}, path=path)
    assert (first.status_code, again.content) == (201, first.content)
    record = IdempotencyRecord.objects.get()
    assert (record.body, Message.objects.count()) == (None, 0)
