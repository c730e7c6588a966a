"""Keys of services: what they open, what they do not, and how they end."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient

from lyceum.accounts import keys, public, services
from lyceum.accounts.models import ServiceKey, User
from lyceum.accounts.tokens import token_hash
from lyceum.core import valkey
from lyceum.core.errors import Invalid
from lyceum.core.models import AuditEntry, IdempotencyRecord
from lyceum.core.scopes import declared
from lyceum.core.testing.api_cases import check_problem, field_codes

KEYS = "/api/v1/auth/keys/"
ROOMS = "/api/v1/chat/conversations/"
REPORTS = {"name": "Field reports", "scopes": ["chat:write", "chat:read"]}
pytestmark = pytest.mark.django_db


def with_key(secret: str, **options: Any) -> APIClient:
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def make(*scopes: str, **options: Any) -> tuple[ServiceKey, str]:
    return keys.create(name="Field reports", scopes=scopes, actor=None, **options)


def test_staff_make_a_key_that_is_shown_once(staff_api: APIClient, priya: Any) -> None:
    made = staff_api.post(KEYS, REPORTS, headers={"Idempotency-Key": "one"})
    again = staff_api.post(KEYS, REPORTS, headers={"Idempotency-Key": "one"})
    listed = staff_api.get(KEYS).json()["results"]

    secret = made.json()["key"]
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    assert again.json() == made.json()
    assert again["Idempotency-Replayed"] == "true"
    assert listed == [{name: value for name, value in made.json().items() if name != "key"}]
    assert listed[0]["scopes"] == ["chat:read", "chat:write"]
    assert listed[0]["created_by"] == str(priya.pk)
    assert secret.startswith(listed[0]["prefix"])
    assert ServiceKey.objects.get().hash == token_hash(secret)
    assert IdempotencyRecord.objects.get().body is None
    assert secret not in str(list(AuditEntry.objects.values()))
    for kept in valkey.connection().scan_iter(valkey.key("idempotency", "*")):
        valkey.connection().delete(kept)
    check_problem(staff_api.post(KEYS, REPORTS, headers={"Idempotency-Key": "one"}), 404, "not_found")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": ""}, ("name", "blank")),
        ({"name": "x" * 101}, ("name", "too_long")),
        ({"scopes": []}, ("scopes", "too_short")),
        ({"scopes": ["chat:all"]}, ("scopes", "invalid")),
        ({"scopes": [7]}, ("scopes.0", "invalid_type")),
        ({"limit_profile": "gold"}, ("limit_profile", "invalid")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("expires_at", "too_small")),
        ({"expires_at": "2099-01-01T00:00:00"}, ("expires_at", "invalid")),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, ("expires_at", "invalid")),
        ({"expires_at": 7}, ("expires_at", "invalid_type")),
        ({"owner": "me"}, ("owner", "unknown_field")),
    ],
)
def test_a_key_needs_a_name_known_scopes_and_an_end_to_come(
    staff_api: APIClient, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert fault in field_codes(staff_api.post(KEYS, {**REPORTS, **changes}))
    assert not ServiceKey.objects.exists()


def test_a_service_talks_where_it_was_taken_in_and_sees_nothing_else(alice_api: APIClient, bob: Any) -> None:
    key, secret = make("chat:read", "chat:write")
    service = with_key(secret)
    group = {"kind": "group", "name": "Maps", "participants": [str(bob.pk)]}
    closed, room = (alice_api.post(ROOMS, group).json() for _ in range(2))
    alice_api.post(f"{ROOMS}{room['id']}/members/", {"user": str(key.user_id)})

    sent = service.post(f"{ROOMS}{room['id']}/messages/", {"content": "Core 12 is in."})
    alice_api.post(f"{ROOMS}{room['id']}/messages/", {"content": "Thanks.", "reply_to": sent.json()["id"]})

    person = {"id": str(key.user_id), "name": "Field reports", "kind": "service", "avatar": None}
    assert sent.json()["sender"] == person
    read = alice_api.get(f"{ROOMS}{room['id']}/messages/").json()["results"]
    assert [message["sender"]["kind"] for message in read] == ["service", "user"]
    assert read[1]["reply_to"]["sender"] == person
    assert [one["id"] for one in service.get(ROOMS).json()["results"]] == [room["id"]]
    kinds = {one["name"]: one["kind"] for one in service.get(f"{ROOMS}{room['id']}/").json()["participants"]}
    assert kinds == {"Alice Tester": "user", "Bob Tester": "user", "Field reports": "service"}
    check_problem(service.get(f"{ROOMS}{closed['id']}/"), 404, "not_found")


def test_a_door_beyond_the_scopes_is_shut_and_says_what_it_needs(alice_api: APIClient, bob: Any) -> None:
    key, secret = make("chat:read")
    service = with_key(secret)
    room = alice_api.post(ROOMS, {"kind": "group", "name": "Maps", "participants": [str(key.user_id)]}).json()

    refused = service.post(f"{ROOMS}{room['id']}/messages/", {"content": "No."})

    check_problem(refused, 403, "forbidden")
    assert refused["WWW-Authenticate"] == 'Bearer realm="lyceum", error="insufficient_scope", scope="chat:write"'
    assert service.get(f"{ROOMS}{room['id']}/messages/").status_code == 200
    assert service.head(f"{ROOMS}{room['id']}/messages/").status_code == 200
    check_problem(service.get("/api/v1/users/profile/"), 403, "forbidden")
    check_problem(service.post("/api/v1/auth/ws-ticket/"), 403, "forbidden")
    assert service.get("/api/v1/asyncapi/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", KEYS),
        ("post", KEYS),
        ("get", "/api/v1/users/sessions/"),
        ("post", "/api/v1/users/password/"),
        ("patch", "/api/v1/users/profile/"),
    ],
)
def test_what_is_for_people_stays_shut_whatever_the_scopes(method: str, path: str) -> None:
    key, secret = make(*declared())
    User.objects.filter(pk=key.user_id).update(is_staff=True)
    refused = getattr(with_key(secret), method)(path, {})
    check_problem(refused, 403, "forbidden")
    assert refused.json()["detail"] == "Only people who are signed in may do this."


def test_every_scope_that_a_door_names_is_declared_and_no_open_door_names_one() -> None:
    from drf_spectacular.generators import EndpointEnumerator

    views = [callback.cls for _path, _regex, _method, callback in EndpointEnumerator().get_api_endpoints()]
    named = {scope for view in views for needed in view.scopes.values() for scope in needed}
    assert named == set(declared())
    assert not [view for view in views if view.scopes and AllowAny in view.permission_classes]


def test_a_revoked_key_is_refused_at_once_and_its_sockets_close(
    staff_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[tuple[str, str]] = []
    monkeypatch.setattr(keys, "push_on_commit", lambda group, frame, control: closed.append((group, control)))
    made = staff_api.post(KEYS, {"name": "Reports", "scopes": list(declared())}).json()
    service = with_key(made["key"])

    assert staff_api.delete(f"{KEYS}{made['id']}/").status_code == 204

    check_problem(service.get(ROOMS), 401, "token_revoked")
    assert closed == [(f"session:{made['id']}", "close:4401")]
    assert staff_api.get(KEYS).json()["results"][0]["state"] == "revoked"
    assert staff_api.get("/api/v1/users/list/?q=reports").json()["count"] == 0
    check_problem(staff_api.delete(f"{KEYS}{made['id']}/"), 404, "not_found")


def test_a_key_ends_with_its_time_and_with_its_service(db: None) -> None:
    over, secret = make("chat:read", expires_at=timezone.now() + timedelta(days=1))
    assert with_key(secret).get(ROOMS).status_code == 200
    ServiceKey.objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    check_problem(with_key(secret).get(ROOMS), 401, "token_invalid")

    key, secret = make("chat:read")
    services.deactivate(key.user, actor=None)
    check_problem(with_key(secret).get(ROOMS), 401, "token_revoked")
    assert ServiceKey.objects.get(pk=key.pk).revoked_at is not None


def test_a_key_counts_in_a_bucket_of_its_own_with_its_own_profile(settings: Any, alice_api: APIClient) -> None:
    settings.LIMIT_CLASSES = {**settings.LIMIT_CLASSES, "api": (2, 2, 60)}
    _free, free = make("chat:read")
    _wide, wide = make("chat:read", limit_profile="basic")
    assert [with_key(free).get(ROOMS).status_code for _ in range(3)] == [200, 200, 429]
    answers = [with_key(wide).get(ROOMS) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert answers[0]["RateLimit-Policy"] == '"api";q=6;w=60'


def test_wrong_keys_lock_their_address_and_no_other(settings: Any) -> None:
    settings.LIMITS_ENABLED = False
    _key, secret = make("chat:read")
    wrong = with_key("lyk_wrong")
    for _ in range(keys.MOST_GUESSES):
        check_problem(wrong.get(ROOMS), 401, "token_invalid")
    locked = wrong.get(ROOMS)
    check_problem(locked, 429, "locked")
    assert 0 < int(locked["Retry-After"]) <= keys.GUESS_SECONDS
    check_problem(with_key(secret).get(ROOMS), 429, "locked")
    assert with_key(secret, REMOTE_ADDR="10.0.0.9").get(ROOMS).status_code == 200


def test_the_last_use_is_noted_and_not_at_every_request() -> None:
    key, secret = make("chat:read")
    with_key(secret).get(ROOMS)
    first = ServiceKey.objects.get(pk=key.pk).last_used_at
    with_key(secret).get(ROOMS)
    assert first is not None
    assert ServiceKey.objects.get(pk=key.pk).last_used_at == first
    ServiceKey.objects.filter(pk=key.pk).update(last_used_at=first - keys.SEEN_EVERY * 2)
    with_key(secret).get(ROOMS)
    assert ServiceKey.objects.get(pk=key.pk).last_used_at > first


def test_a_service_has_no_other_way_in(api: APIClient, jobs: Any) -> None:
    key, _secret = make("chat:read")
    email = key.user.email
    assert api.post("/api/v1/users/login/", {"email": email, "password": ""}).status_code in (400, 403)
    assert api.post("/api/v1/auth/token/", {"email": email, "password": "!"}).status_code == 401
    for path in ("password/reset/", "email/verify/resend/"):
        assert api.post(f"/api/v1/users/{path}", {"email": email}).status_code == 202
    assert jobs.names() == []


def test_a_key_can_be_made_on_the_command_line() -> None:
    secret = public.create_service_key("Sync", ["users:read"], limit_profile="premium", days=30)
    key = keys.find(secret, address="127.0.0.1")
    assert (key.name, key.limit_profile, key.created_by) == ("Sync", "premium", None)
    assert key.expires_at is not None
    assert timedelta(days=29) < key.expires_at - timezone.now() < timedelta(days=30)
    with pytest.raises(Invalid):
        public.create_service_key("Sync", ["all"], limit_profile="free", days=None)


def signed_in(person: Any) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(person)
    return client


def test_staff_make_and_revoke_on_the_page(priya: Any, alice: Any) -> None:
    staff = signed_in(priya)
    made = staff.post(
        "/service-keys/", {"name": "Reports", "scopes": ["chat:read"], "limit_profile": "free", "days": "30"}
    )
    key = ServiceKey.objects.get()
    assert made.status_code == 200
    assert made["Cache-Control"] == "no-store"
    assert "lyk_" in made.content.decode()
    page = staff.get("/service-keys/").content.decode()
    assert key.prefix in page
    assert 'id="made-key"' not in page

    wrong = staff.post("/service-keys/", {"name": "", "limit_profile": "free", "days": ""})
    assert wrong.status_code == 400
    assert "Choose at least one." in wrong.content.decode()

    assert signed_in(alice).get("/service-keys/").status_code == 403
    assert signed_in(alice).post(f"/service-keys/{key.pk}/revoke/").status_code == 403
    assert staff.post(f"/service-keys/{key.pk}/revoke/").status_code == 303
    assert ServiceKey.objects.get().revoked_at is not None
