"""Who is told of what on their devices, and what they are shown; the push service and its browsers are real."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply
from lyceum.core.testing.people import client_of
from lyceum.core.testing.push import Browser
from lyceum.messaging import membership, selectors, services, telling
from lyceum.messaging.models import Participant
from lyceum.notifications import preferences
from lyceum.notifications.devices import PushUnavailable

Telling = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once, also at what this very millisecond brought."""
    monkeypatch.setattr(telling, "GRACE", telling.timedelta(seconds=-1))


@pytest.fixture
def phone(alice: User, push_service: Outside) -> Browser:
    browser = Browser(push_service)
    assert client_of(alice).post("/api/v1/notifications/push/devices/", browser.subscription).status_code == 201
    telling.tell()
    return browser


@pytest.fixture
def told(phone: Browser, jobs: Jobs) -> Telling:
    """Let the worker do its round, and return what alice's phone showed since the last time."""
    seen = 0

    def look() -> list[dict[str, Any]]:
        nonlocal seen
        telling.tell()
        jobs.run()
        found = phone.shown()[seen:]
        seen += len(found)
        return found

    return look


def say(where: Any, who: User, text: str) -> Any:
    return services.send_message(where.pk, sender=who.pk, content=text)


def test_a_direct_message_is_shown_once_with_its_text(alice: User, bob: User, phone: Browser, told: Telling) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "the first\n core is in")
    [notice] = told()
    assert notice == {
        "title": "Bob Tester",
        "body": "the first core is in",
        "url": f"/talk/{room.pk}/",
        "tag": str(room.pk),
        "unread": 1,
    }
    [request] = phone.asked()
    assert (request.headers["Topic"], request.headers["Urgency"]) == (
        telling.notifications.devices.push_crypto.encode(room.pk.bytes),
        "high",
    )
    assert told() == []
    say(room, bob, "and the second")
    assert [one["body"] for one in told()] == ["and the second"]


def test_what_is_ones_own_read_meanwhile_or_deleted_is_not_shown(
    alice: User, bob: User, told: Telling, jobs: Jobs
) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, alice, "mine")
    assert told() == []
    sent = say(room, bob, "seen at once")
    services.mark_read(room.pk, reader=alice.pk, sequence=sent.sequence)
    assert told() == []
    sent = say(room, bob, "read before the job ran")
    telling.tell()
    assert jobs.names() == ["messaging.push"]
    services.mark_read(room.pk, reader=alice.pk, sequence=sent.sequence)
    jobs.run()
    assert told() == []
    sent = say(room, bob, "taken back")
    services.delete_message(selectors.get_participant_for(bob.pk, room.pk), sent.message_id)
    assert told() == []


@pytest.mark.parametrize(
    ("setting", "wants_groups", "direct", "group"),
    [
        ("all", False, ["hi", "@Alice hi"], ["@Alice hi"]),
        ("all", True, ["hi", "@Alice hi"], ["hi", "@Alice hi"]),
        ("mentions", True, ["@Alice hi"], ["@Alice hi"]),
        ("none", True, [], []),
    ],
)
def test_each_conversation_follows_its_setting(
    alice: User,
    bob: User,
    told: Telling,
    setting: str,
    wants_groups: bool,
    direct: list[str],
    group: list[str],
) -> None:
    preferences.change(alice.pk, group_messages=wants_groups)
    rooms = [
        services.create_direct(alice.pk, bob.pk)[0],
        services.create_group(bob.pk, name="Maps", members=[alice.pk], history="all"),
    ]
    Participant.objects.filter(user=alice).update(notifications=setting)
    for room, expected in zip(rooms, (direct, group), strict=True):
        found = []
        for text in ("hi", "@Alice hi"):
            say(room, bob, text)
            found += [one["body"] for one in told()]
        assert found == expected


def test_a_group_says_who_and_where_and_waits_its_turn(alice: User, bob: User, phone: Browser, told: Telling) -> None:
    preferences.change(alice.pk, group_messages=True)
    room = services.create_group(bob.pk, name="Maps", members=[alice.pk], history="all")
    say(room, bob, "sheet 3 is there")
    assert [one["title"] for one in told()] == ["Bob Tester in Maps"]
    say(room, bob, "@Alice yours")
    told()
    assert [request.headers["Urgency"] for request in phone.asked()] == ["normal", "high"]


def test_who_hides_texts_is_told_how_many_there_are(alice: User, bob: User, told: Telling) -> None:
    preferences.change(alice.pk, show_text=False)
    room, _ = services.create_direct(alice.pk, bob.pk)
    for text in ("secret one", "secret two"):
        say(room, bob, text)
    [notice] = told()
    assert (notice["body"], notice["unread"]) == ("2 new messages", 2)
    assert "secret" not in str(notice)


def test_the_text_of_a_message_that_vanishes_is_never_shown(alice: User, bob: User, told: Telling) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk, retention="ephemeral")
    say(room, bob, "between us")
    [notice] = told()
    assert notice["body"] == "1 new message that vanishes"
    assert "between us" not in str(notice)
    assert told() == []


def test_strangers_and_those_who_left_are_told_nothing(alice: User, bob: User, charlie: User, told: Telling) -> None:
    other, _ = services.create_direct(bob.pk, charlie.pk)
    say(other, bob, "not for alice")
    room = services.create_group(bob.pk, name="Maps", members=[alice.pk], history="all")
    say(room, bob, "@Alice before")
    telling.tell()
    membership.remove_member(selectors.get_participant_for(bob.pk, room.pk), alice.pk)
    say(room, bob, "@Alice after")
    assert told() == []


def test_a_busy_push_service_gets_the_state_of_then(
    alice: User, bob: User, phone: Browser, jobs: Jobs, push_service: Outside
) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "one")
    telling.tell()
    [(name, arguments)] = jobs.waiting
    push_service.replies.append(Reply(503))
    with pytest.raises(PushUnavailable):
        jobs.run()
    services.edit_message(
        selectors.get_participant_for(bob.pk, room.pk),
        _newest(room.pk, bob),
        content="one, mended",
    )
    jobs.waiting.append((name, arguments))
    jobs.run()
    assert [one["body"] for one in phone.shown()] == ["one", "one, mended"]


def _newest(room: UUID, who: User) -> UUID:
    log = selectors.log_of(selectors.get_participant_for(who.pk, room))
    return log.run(limit=1, newest=True)[0].pk


def test_nobody_is_told_of_what_was_unread_before_they_asked_to_be(
    alice_api: APIClient, alice: User, bob: User, push_service: Outside, jobs: Jobs, monkeypatch: Any
) -> None:
    room, _ = services.create_direct(alice.pk, bob.pk)
    say(room, bob, "long ago")
    monkeypatch.setattr(telling, "OVERLAP", telling.timedelta(0))
    telling.tell()
    alice_api.post("/api/v1/notifications/push/devices/", Browser(push_service).subscription)
    telling.tell()
    assert jobs.names() == []


def test_a_long_text_is_cut_at_a_word() -> None:
    assert telling.excerpt("a  b\nc", 140) == "a b c"
    assert telling.excerpt("word " * 40, 21) == "word word word word…"
    assert telling.excerpt("x" * 40, 10) == "x" * 9 + "…"


def test_the_log_is_read_in_pieces_and_again_without_telling_twice(
    alice: User, bob: User, told: Telling, monkeypatch: Any
) -> None:
    monkeypatch.setattr(telling, "AT_ONCE", 2)
    room, _ = services.create_direct(alice.pk, bob.pk)
    for number in range(5):
        say(room, bob, f"number {number}")
    assert [one["body"] for one in told()] == ["number 4"]
    assert told() == []
