"""Mails about what was not seen: to whom, when, what is in them, and how they are stopped."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.accounts.public import reader
from lyceum.core import presence, valkey
from lyceum.core.mail import MailUnavailable
from lyceum.core.testing.fakes import Jobs
from lyceum.messaging import services
from lyceum.messaging.models import Message, Participant
from lyceum.notifications import digests, preferences

MORNING = datetime(2026, 11, 24, 8, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def readers(alice: User, bob: User) -> None:
    User.objects.update(email_verified_at=timezone.now())


def say(where: Any, who: User, text: str, at: datetime = MORNING - timedelta(hours=2)) -> Any:
    sent = services.send_message(where.pk, sender=who.pk, content=text)
    Message.objects.filter(pk=sent.message_id).update(created_at=at)
    return sent


def due(jobs: Jobs, now: datetime = MORNING) -> list[str]:
    """Return for whom a digest is queued at a time."""
    jobs.waiting.clear()
    digests.start(now)
    return [arguments["user_id"] for name, arguments in jobs.waiting if name == "notifications.digest"]


def send(who: User, now: datetime = MORNING) -> bool:
    found = reader(who.pk)
    return found is not None and digests.send(found, now)


def test_a_digest_tells_what_was_missed_once(alice: User, bob: User, jobs: Jobs, settings: Any) -> None:
    settings.PUBLIC_URL = "https://lyceum.example"
    User.objects.filter(pk=alice.pk).update(timezone="Australia/Perth")
    morning = datetime(2026, 11, 24, 0, 7, tzinfo=UTC)
    room, _ = services.create_direct(alice.pk, bob.pk)
    group = services.create_group(bob.pk, name="Maps & plans", members=[alice.pk], history="all")
    say(room, bob, "the <b>core</b> is in", morning - timedelta(hours=2))
    say(group, bob, "nobody is meant", morning)
    say(group, bob, "@Alice sheet 3 is yours", morning - timedelta(hours=1))
    assert due(jobs, morning) == [str(alice.pk)]
    assert send(alice, morning)
    assert not send(alice, morning)
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.org"], "2 messages wait for you")
    for words in ("Bob Tester (1)", f"https://lyceum.example/talk/{room.pk}/", "the <b>core</b> is in"):
        assert words in sent.body
    assert "Bob Tester, Tue 24 Nov, 06:07" in sent.body
    assert "Maps & plans (1)" in sent.body
    assert "nobody is meant" not in sent.body
    [(html, kind)] = sent.alternatives
    assert kind == "text/html"
    assert "the &lt;b&gt;core&lt;/b&gt; is in" in html
    assert due(jobs, morning + timedelta(minutes=30)) == []

    tomorrow = morning + timedelta(days=1)
    assert not send(alice, tomorrow)
    say(room, bob, "and more", tomorrow - timedelta(hours=3))
    assert send(alice, tomorrow)
    assert mail.outbox[1].subject == "1 message waits for you"


def test_nothing_is_sent_to_who_is_here_read_it_muted_it_or_chose_none(
    alice: User, bob: User, jobs: Jobs, monkeypatch: Any
) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    sent = say(room, bob, "hello")
    presence.touch(alice.pk, "here", "online")
    assert (due(jobs), send(alice)) == ([], False)
    monkeypatch.setattr(presence, "GRACE_SECONDS", -1)
    valkey.run(*presence.leaving(alice.pk, "here", "online"))
    assert due(jobs) == [str(alice.pk)]
    preferences.change(alice.pk, digest="off")
    assert (due(jobs), send(alice)) == ([], False)
    preferences.change(alice.pk, digest="daily")
    Participant.objects.filter(user=alice).update(notifications="none")
    assert (due(jobs), send(alice)) == ([], False)
    Participant.objects.filter(user=alice).update(notifications="all")
    services.mark_read(room.pk, reader=alice.pk, sequence=sent.sequence)
    assert (due(jobs), send(alice)) == ([], False)
    assert mail.outbox == []


def test_an_address_that_nobody_confirmed_gets_nothing(alice: User, bob: User, jobs: Jobs) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "hello")
    User.objects.filter(pk=alice.pk).update(email_verified_at=None)
    assert due(jobs) == []
    assert reader(alice.pk) is None


def test_no_text_that_vanishes_or_is_hidden_comes_into_a_mail(alice: User, bob: User) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk, retention="ephemeral")
    services.send_message(room.pk, sender=bob.pk, content="between us")
    group = services.create_group(bob.pk, name="Maps", members=[alice.pk], history="all")
    preferences.change(alice.pk, show_text=False, digest="hourly")
    say(group, bob, "@Alice secret", timezone.now())
    now = timezone.now()
    assert send(alice, now)
    [sent] = mail.outbox
    assert sent.subject == "2 messages wait for you"
    for text in (sent.body, sent.alternatives[0][0]):
        assert "between us" not in text
        assert "secret" not in text


def test_a_mail_server_that_is_away_leaves_it_to_the_next_try(alice: User, bob: User, monkeypatch: Any) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "hello")
    with monkeypatch.context() as away:
        away.setattr(digests.mail, "send", _fail)
        with pytest.raises(MailUnavailable):
            send(alice)
    assert send(alice)
    assert len(mail.outbox) == 1


def _fail(*_: Any, **__: Any) -> None:
    raise MailUnavailable


def test_one_click_stops_the_mails_and_a_look_does_not(
    alice: User, bob: User, alice_api: APIClient, client: Client
) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "hello")
    assert send(alice)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<https?://[^/]+(/notifications/unsubscribe/\S+/)>", headers["List-Unsubscribe"])
    assert found
    path = found[1]
    digest = "/api/v1/notifications/preferences/"
    asked = client.get(path, headers={"Accept": "text/html"})
    assert asked.status_code == 200
    assert b"Stop the mails?" in asked.content
    assert alice_api.get(digest).json()["digest"] == "daily"
    assert client.get(path[:-3] + "xx/", headers={"Accept": "text/html"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    for _again in range(2):
        done = strict.post(path, {"List-Unsubscribe": "One-Click"}, headers={"Accept": "text/html"})
        assert done.status_code == 200
        assert b"The mails are stopped" in done.content
        assert alice_api.get(digest).json()["digest"] == "off"
