"""Devices that take Web Push, against a push service that is a real server."""

import time
from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.core import jobs as core_jobs
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply
from lyceum.core.testing.people import make_person
from lyceum.core.testing.push import Browser, checked_proof
from lyceum.notifications import devices, server_key
from lyceum.notifications.devices import PushRefused, PushUnavailable
from lyceum.notifications.models import Device, ServerKey

DEVICES = "/api/v1/notifications/push/devices/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def add(api: APIClient, browser: Browser, **headers: str) -> dict[str, Any]:
    answer = api.post(DEVICES, browser.subscription, headers=headers)
    assert answer.status_code in (200, 201), answer.json()
    return dict(answer.json())


def test_a_device_is_added_listed_tried_and_removed_by_its_person_alone(
    alice_api: APIClient, bob_api: APIClient, charlie_api: APIClient, push_service: Outside, jobs: Jobs
) -> None:
    browser = Browser(push_service)
    made = add(alice_api, browser, User_Agent=FIREFOX)
    assert (made["name"], made["last_sent_at"], made["refused_with"]) == ("Firefox on Linux", None, None)
    assert [one["id"] for one in alice_api.get(DEVICES).json()["results"]] == [made["id"]]
    for other in (bob_api, charlie_api):
        assert other.get(DEVICES).json()["results"] == []
        assert other.post(f"{DEVICES}{made['id']}/test/").status_code == 404
        assert other.delete(f"{DEVICES}{made['id']}/").status_code == 404

    assert alice_api.post(f"{DEVICES}{made['id']}/test/").status_code == 202
    jobs.run()
    key = alice_api.get("/api/v1/notifications/push/key/").json()["public_key"]
    assert browser.shown() == [
        {"title": "Lyceum", "body": "Notifications reach this device.", "url": "/notifications/", "tag": "test"}
    ]
    [request] = browser.asked()
    claims = checked_proof(request, key)
    assert claims["aud"] == push_service.url
    assert claims["sub"] == "mailto:lyceum@localhost"
    assert 0 < claims["exp"] - time.time() <= 24 * 3600
    sent = {name: request.headers[name] for name in ("Content-Encoding", "TTL", "Urgency")}
    assert sent == {"Content-Encoding": "aes128gcm", "TTL": "86400", "Urgency": "high"}
    assert alice_api.get(DEVICES).json()["results"][0]["last_sent_at"]

    assert alice_api.delete(f"{DEVICES}{made['id']}/").status_code == 204
    assert alice_api.get(DEVICES).json()["results"] == []


def test_the_same_browser_is_one_device_and_follows_who_signs_in_there(
    alice_api: APIClient, bob_api: APIClient, push_service: Outside
) -> None:
    browser = Browser(push_service)
    first = add(alice_api, browser)
    assert alice_api.post(DEVICES, browser.subscription).status_code == 200
    assert add(bob_api, browser)["id"] == first["id"]
    assert alice_api.get(DEVICES).json()["results"] == []
    assert len(bob_api.get(DEVICES).json()["results"]) == 1


def test_the_oldest_device_gives_way_to_the_twenty_first(alice_api: APIClient, push_service: Outside) -> None:
    made = [add(alice_api, Browser(push_service, f"phone-{n}"))["id"] for n in range(devices.MOST_DEVICES + 1)]
    left = [one["id"] for one in alice_api.get(DEVICES).json()["results"]]
    assert left == made[:0:-1]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"endpoint": "http://169.254.169.254/latest/"}, {"endpoint"}),
        ({"endpoint": "http://push.example.org/x"}, {"endpoint"}),
        ({"endpoint": "https://push.example.org:22/x"}, {"endpoint"}),
        ({"endpoint": "ftp://push.example.org/x"}, {"endpoint"}),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, {"keys.p256dh", "keys.auth"}),
        ({"keys": {"p256dh": "no key!"}}, {"keys.auth"}),
        ({"more": 1}, {"more"}),
    ],
)
def test_what_is_no_subscription_is_refused(
    alice_api: APIClient, push_service: Outside, change: dict[str, Any], fields: set[str]
) -> None:
    answer = alice_api.post(DEVICES, {**Browser(push_service).subscription, **change})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert not Device.objects.exists()


def test_a_person_hears_nothing_of_settings(alice_api: APIClient, push_service: Outside, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_HOSTS = []
    answer = alice_api.post(DEVICES, Browser(push_service).subscription)
    assert answer.status_code == 400
    assert b"OUTBOUND" not in answer.content


def test_a_service_within_the_network_is_not_called(alice: Any, push_service: Outside, settings: Any) -> None:
    device = Device.objects.create(user=alice, endpoint_hash="x", **_keys(push_service))
    settings.OUTBOUND_ALLOWED_HOSTS = []
    with pytest.raises(devices.outbound.OutboundRefused):
        devices.send(device.pk, {"title": "x"})
    assert push_service.requests == []


def _keys(service: Outside) -> dict[str, Any]:
    found = Browser(service).subscription
    return {"endpoint": found["endpoint"], "public_key": found["keys"]["p256dh"], "secret": found["keys"]["auth"]}


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(alice_api: APIClient, push_service: Outside, status: int) -> None:
    made = add(alice_api, Browser(push_service))
    push_service.replies.append(Reply(status))
    devices.send(made["id"], {"title": "x"})
    assert not Device.objects.exists()
    devices.send(made["id"], {"title": "x"})
    assert len(push_service.requests) == 1


@pytest.mark.parametrize(("status", "seconds"), [(429, 7.0), (500, None), (503, 7.0)])
def test_a_busy_service_is_asked_again_no_sooner_than_it_says(
    alice_api: APIClient, push_service: Outside, status: int, seconds: float | None
) -> None:
    made = add(alice_api, Browser(push_service))
    push_service.replies.append(Reply(status, {"Retry-After": "7"} if seconds else {}))
    with pytest.raises(PushUnavailable) as refusal:
        devices.send(made["id"], {"title": "x"})
    assert refusal.value.retry_after == seconds
    assert core_jobs.Patience(1).is_worth_it(refusal.value, tried=1)
    devices.send(made["id"], {"title": "x"})
    assert len(push_service.requests) == 2


def test_a_refusal_is_final_and_shown(alice_api: APIClient, push_service: Outside) -> None:
    made = add(alice_api, Browser(push_service))
    push_service.replies.append(Reply(403))
    with pytest.raises(PushRefused) as refusal:
        devices.send(made["id"], {"title": "x"})
    assert not core_jobs.Patience(4).is_worth_it(refusal.value, tried=1)
    assert alice_api.get(DEVICES).json()["results"][0]["refused_with"] == 403
    devices.send(made["id"], {"title": "x"})
    assert alice_api.get(DEVICES).json()["results"][0]["refused_with"] is None


def test_a_device_ends_with_the_sign_in_by_which_it_was_added(db: None, push_service: Outside, settings: Any) -> None:
    settings.LIMITS_ENABLED = False
    password = "Lefroy-salt-lake-7"
    person = make_person("dora", password=password)
    api = APIClient()
    access = api.post("/api/v1/auth/token/", {"email": person.email, "password": password}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access['access']}")
    made = add(api, Browser(push_service))
    assert api.get(DEVICES).json()["results"][0]["current"] is True
    assert devices.reachable([person.pk]) == {person.pk: [devices.UUID(made["id"])]}

    APIClient().post("/api/v1/auth/token/blacklist/", {"refresh": access["refresh"]})
    assert devices.reachable([person.pk]) == {}
    devices.send(made["id"], {"title": "x"})
    assert push_service.requests == []
    assert devices.forget_ended() == 1


def test_the_server_key_is_made_once_and_anew_only_with_another_secret_key(db: None, settings: Any) -> None:
    first = server_key.public()
    assert server_key.public() == first
    assert server_key.push_crypto.encode(server_key.push_crypto.point_of(server_key.private())) == first
    settings.SECRET_KEY = "another secret key, by which nothing old is read" * 2
    second = server_key.public()
    assert second != first
    assert server_key.public() == second
    assert ServerKey.objects.count() == 1
