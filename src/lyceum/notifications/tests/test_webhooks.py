"""Webhooks against a receiver that is a real server, and against code of other people that checks signatures."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.utils import timezone
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from lyceum.core.ids import uuid7
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.notifications import deliveries, webhooks
from lyceum.notifications.deliveries import WAITS, Fact
from lyceum.notifications.models import Delivery, Webhook

HOOKS = "/api/v1/notifications/webhooks/"
Work = Callable[[], None]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Outside]:
    with serving(Reply(204)) as outside:
        settings.OUTBOUND_ALLOWED_HOSTS = [outside.host]
        yield outside


@pytest.fixture
def work(jobs: Jobs) -> Work:
    """Let the worker do what is due."""

    def do() -> None:
        deliveries.start_due()
        jobs.run()

    return do


@pytest.fixture
def hook(staff_api: APIClient, receiver: Outside) -> dict[str, Any]:
    body = {"url": f"{receiver.url}/in?team=7", "events": ["user.registered"], "description": "CRM"}
    answer = staff_api.post(HOOKS, body)
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def announce() -> Fact:
    fact = Fact(uuid7(), {"user": str(uuid7())}, timezone.now())
    deliveries.announce("user.registered", [fact])
    return fact


def later(delta: timedelta) -> None:
    """Let time pass for what waits."""
    for one in Delivery.objects.filter(state="waiting"):
        Delivery.objects.filter(pk=one.pk).update(due_at=one.due_at - delta)


def test_a_delivery_is_signed_so_that_others_can_check_it(
    hook: dict[str, Any], receiver: Outside, work: Work, staff_api: APIClient
) -> None:
    fact = announce()
    work()
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/in?team=7")
    assert request.headers["Content-Type"] == "application/json"
    checked = Receiver(hook["secret"]).verify(request.body, dict(request.headers))
    assert checked == json.loads(request.body)
    assert (checked["type"], checked["data"]) == ("user.registered", fact.data)
    assert timezone.datetime.fromisoformat(checked["timestamp"]) == fact.happened_at
    with pytest.raises(WebhookVerificationError):
        Receiver(hook["secret"]).verify(request.body + b" ", dict(request.headers))
    [told] = staff_api.get(f"{HOOKS}{hook['id']}/deliveries/").json()["results"]
    assert (told["state"], told["status"], told["tries"], told["due_at"]) == ("delivered", 204, 1, None)
    assert told["webhook_id"] == request.headers["webhook-id"]
    work()
    assert len(receiver.requests) == 1


def test_a_fact_is_told_once_and_only_to_those_who_hear_its_kind(
    hook: dict[str, Any], receiver: Outside, work: Work, staff_api: APIClient
) -> None:
    fact = announce()
    deliveries.announce("user.registered", [fact])
    deliveries.announce("member.added", [Fact(uuid7(), {}, timezone.now())])
    staff_api.patch(f"{HOOKS}{hook['id']}/", {"is_enabled": False})
    announce()
    work()
    assert receiver.requests == []
    staff_api.patch(f"{HOOKS}{hook['id']}/", {"is_enabled": True})
    work()
    assert len(receiver.requests) == 1


def test_what_fails_is_tried_for_three_days_under_one_id_then_put_aside_and_sent_again(
    hook: dict[str, Any], receiver: Outside, work: Work, staff_api: APIClient, jobs: Jobs
) -> None:
    assert 2.5 < sum(WAITS) / 86400 <= 3.1
    receiver.usual = Reply(500)
    announce()
    for tries, wait in enumerate(WAITS, start=1):
        work()
        assert len(receiver.requests) == tries
        one = Delivery.objects.get()
        assert (one.state, one.tries, one.status) == ("waiting", tries, 500)
        assert wait <= (one.due_at - timezone.now()).total_seconds() + 1 <= wait * 1.1 + 1
        work()
        assert len(receiver.requests) == tries, "not before its time"
        later(timedelta(seconds=wait * 1.1 + 1))
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=3))
    work()
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    [told] = staff_api.get(f"{HOOKS}{hook['id']}/deliveries/?state=failed").json()["results"]
    assert (told["state"], told["tries"]) == ("failed", len(WAITS) + 1)
    # Nothing was taken in all that time: it is switched off, and staff are told by mail.
    assert staff_api.get(f"{HOOKS}{hook['id']}/").json()["is_enabled"] is False
    assert [(one.to, one.subject) for one in mail.outbox] == [(["priya@example.org"], "A webhook was switched off")]
    assert f"{django_settings.PUBLIC_URL}/notifications/webhooks/{hook['id']}/" in mail.outbox[0].body

    receiver.usual = Reply(200)
    staff_api.patch(f"{HOOKS}{hook['id']}/", {"is_enabled": True})
    again = staff_api.post(f"{HOOKS}{hook['id']}/deliveries/{told['id']}/redeliver/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    work()
    assert receiver.requests[-1].headers["webhook-id"] == told["webhook_id"]
    assert Delivery.objects.get().state == "delivered"
    assert staff_api.get(f"{HOOKS}{hook['id']}/").json()["failing_since"] is None


def test_a_webhook_that_still_takes_others_stays_on_when_one_is_put_aside(
    hook: dict[str, Any], receiver: Outside, work: Work
) -> None:
    receiver.replies.append(Reply(400))
    announce()
    work()
    Delivery.objects.update(tries=len(WAITS), due_at=timezone.now())
    receiver.replies.append(Reply(400))
    announce()
    Delivery.objects.filter(tries=0).update(due_at=timezone.now() + timedelta(hours=1))
    work()
    assert not Webhook.objects.get().is_enabled
    webhooks.change(Webhook.objects.get().pk, actor=None, is_enabled=True)
    Delivery.objects.filter(tries=0).update(due_at=timezone.now())
    work()
    Delivery.objects.filter(state="failed").update(state="waiting", tries=len(WAITS), due_at=timezone.now())
    receiver.replies.append(Reply(400))
    work()
    assert Webhook.objects.get().is_enabled


def test_redirects_private_addresses_and_slow_or_long_answers_are_failures(
    hook: dict[str, Any], receiver: Outside, work: Work, settings: Any, monkeypatch: Any
) -> None:
    def state() -> tuple[str, int | None, str]:
        one = Delivery.objects.get()
        return one.state, one.status, one.error

    announce()
    receiver.replies.append(Reply(302, {"Location": f"{receiver.url}/elsewhere"}))
    work()
    assert state() == ("waiting", 302, "")
    assert [request.path for request in receiver.requests] == ["/in?team=7"]

    monkeypatch.setattr(deliveries, "TOTAL_SECONDS", 0.3)
    held = threading.Event()
    receiver.replies.append(Reply(200, held=held))
    later(timedelta(days=1))
    work()
    held.set()
    assert state() == ("waiting", None, "The other server does not answer.")

    receiver.replies.append(Reply(200, body=b"x" * (deliveries.MOST_BYTES + 1)))
    later(timedelta(days=1))
    work()
    assert state()[:2] == ("waiting", None)
    assert "longer than" in state()[2]

    settings.OUTBOUND_ALLOWED_HOSTS = [f"127.0.0.1:{receiver.port + 1}"]
    later(timedelta(days=1))
    work()
    assert state()[:2] == ("waiting", None)
    assert "OUTBOUND_ALLOWED_HOSTS" in state()[2]
    assert len(receiver.requests) == 3


def test_a_receiver_that_asks_for_time_gets_it_and_one_that_is_gone_is_let_be(
    hook: dict[str, Any], receiver: Outside, work: Work
) -> None:
    announce()
    receiver.replies.append(Reply(429, {"Retry-After": "600"}))
    work()
    assert 599 <= (Delivery.objects.get().due_at - timezone.now()).total_seconds() <= 661
    later(timedelta(hours=1))
    receiver.replies.append(Reply(410))
    work()
    assert not Webhook.objects.get().is_enabled
    assert len(mail.outbox) == 1


def test_the_secret_is_shown_once_kept_sealed_and_followed_by_another_within_a_day(
    hook: dict[str, Any], receiver: Outside, work: Work, staff_api: APIClient
) -> None:
    assert hook["secret"].startswith("whsec_")
    assert "secret" not in staff_api.get(f"{HOOKS}{hook['id']}/").json()
    assert hook["secret"] not in str(Webhook.objects.values().get())
    fresh = staff_api.post(f"{HOOKS}{hook['id']}/secret/").json()["secret"]
    staff_api.post(f"{HOOKS}{hook['id']}/test/")
    work()
    for secret in (hook["secret"], fresh):
        assert Receiver(secret).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))["data"] == {}
    Webhook.objects.update(previous_until=timezone.now())
    staff_api.post(f"{HOOKS}{hook['id']}/test/")
    work()
    Receiver(fresh).verify(receiver.requests[1].body, dict(receiver.requests[1].headers))
    with pytest.raises(WebhookVerificationError):
        Receiver(hook["secret"]).verify(receiver.requests[1].body, dict(receiver.requests[1].headers))


def test_a_secret_that_cannot_be_read_is_said_and_not_sent_without(
    hook: dict[str, Any], receiver: Outside, work: Work, settings: Any
) -> None:
    announce()
    settings.SECRET_KEY = "another one by which nothing can be read any more" * 2
    work()
    assert "secret" in Delivery.objects.get().error
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"url": "http://hooks.example.org/"}, {"url"}),
        ({"url": "https://10.0.0.7/"}, {"url"}),
        ({"url": "https://[::1]/"}, {"url"}),
        ({"url": "https://localhost/"}, {"url"}),
        ({"url": "https://user:pass@1.1.1.1/"}, {"url"}),
        ({"url": "https://1.1.1.1:22/"}, {"url"}),
        ({"url": "https://nothing.invalid/", "events": ["made.up"]}, {"url", "events"}),
        ({"events": []}, {"events"}),
        ({"events": "message.created"}, {"events"}),
        ({"secret": "x"}, {"secret"}),
    ],
)
def test_what_cannot_be_called_or_heard_is_refused(
    staff_api: APIClient, receiver: Outside, change: dict[str, Any], fields: set[str]
) -> None:
    answer = staff_api.post(HOOKS, {"url": receiver.url, "events": ["message.created"], **change})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == fields
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("url", "entry"),
    [("https://10.0.0.7/", "10.0.0.7:443"), ("https://hooks.example.org:8443/", "hooks.example.org:8443")],
)
def test_staff_are_told_which_setting_lets_a_private_receiver_be_called(
    staff_api: APIClient, url: str, entry: str
) -> None:
    answer = staff_api.post(HOOKS, {"url": url, "events": ["message.created"]})
    (error,) = answer.json()["errors"]
    assert f"add {entry} to the setting OUTBOUND_ALLOWED_HOSTS" in error["detail"]


def test_webhooks_are_changed_with_their_state_and_deleted_with_what_waits(
    hook: dict[str, Any], staff_api: APIClient, alice_api: APIClient
) -> None:
    one = f"{HOOKS}{hook['id']}/"
    tag = staff_api.get(one)["ETag"]
    changed = staff_api.patch(one, {"events": ["member.added", "member.added"]}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["events"]) == (200, ["member.added"])
    assert staff_api.patch(one, {"description": "x"}, headers={"If-Match": tag}).status_code == 412
    assert staff_api.patch(one, {"url": "https://127.0.0.1/"}).status_code == 400
    names = [event["name"] for event in staff_api.get(f"{HOOKS}events/").json()["results"]]
    assert {"message.created", "message.edited", "message.deleted", "member.added", "user.registered"} <= set(names)
    assert alice_api.delete(one).status_code == 403
    staff_api.post(f"{one}test/")
    assert staff_api.delete(one).status_code == 204
    assert not Delivery.objects.exists()


def test_somebody_new_is_told_by_id_alone(
    hook: dict[str, Any],
    receiver: Outside,
    work: Work,
    api: APIClient,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.LIMITS_ENABLED = False
    password = "Lefroy-salt-lake-7"
    body = {"email": "zoe@example.org", "first_name": "Zoe", "last_name": "New"}
    with django_capture_on_commit_callbacks(execute=True):
        made = api.post("/api/v1/users/register/", {**body, "password": password, "password_confirm": password})
    assert made.status_code == 201
    work()
    [request] = receiver.requests
    assert json.loads(request.body)["data"] == {"user": made.json()["id"]}


def test_old_deliveries_are_forgotten(hook: dict[str, Any]) -> None:
    announce()
    assert deliveries.forget_old() == 0
    Delivery.objects.update(created_at=timezone.now() - deliveries.KEPT - timedelta(hours=1))
    assert deliveries.forget_old() == 1
