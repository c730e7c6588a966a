"""What webhooks hear of conversations: ids by themselves, texts where the owner of a group said so."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.core.testing.fakes import Jobs
from lyceum.core.testing.outside import Outside, Reply, serving
from lyceum.messaging import membership, selectors, services, telling
from lyceum.notifications import deliveries, webhooks

EVENTS = ["message.created", "message.edited", "message.deleted", "member.added", "member.removed"]
Heard = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "GRACE", telling.timedelta(seconds=-1))


@pytest.fixture
def receiver(settings: Any) -> Iterator[Outside]:
    with serving(Reply(200)) as outside:
        settings.OUTBOUND_ALLOWED_HOSTS = [outside.host]
        yield outside


@pytest.fixture
def hook(priya: User, receiver: Outside) -> Any:
    telling.tell()
    return webhooks.create(url=receiver.url, events=EVENTS, actor=priya)[0]


@pytest.fixture
def heard(hook: Any, receiver: Outside, jobs: Jobs) -> Heard:
    """Let the worker do its round, and return what the receiver got since the last time, by kind."""
    seen = 0

    def look() -> list[tuple[str, dict[str, Any]]]:
        nonlocal seen
        telling.tell()
        deliveries.start_due()
        jobs.run()
        found = [json.loads(request.body) for request in receiver.requests[seen:]]
        seen += len(found)
        return [(one["type"], one["data"]) for one in found]

    return look


def test_a_conversation_is_told_by_ids(
    alice: User, bob: User, charlie: User, heard: Heard, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    where = str(room.pk)
    found = heard()
    assert sorted(found, key=str) == sorted(
        [("member.added", {"conversation": where, "user": str(who.pk)}) for who in (alice, bob)], key=str
    )
    sent = services.send_message(room.pk, sender=bob.pk, content="the grid reference")
    message = {"message": str(sent.message_id), "conversation": where, "sequence": 1}
    assert heard() == [("message.created", {**message, "sender": str(bob.pk)})]
    assert heard() == []
    mine = selectors.get_participant_for(bob.pk, room.pk)
    with django_capture_on_commit_callbacks(execute=True):
        services.edit_message(mine, sent.message_id, content="another")
    assert heard() == [("message.edited", {**message, "sender": str(bob.pk)})]
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_message(mine, sent.message_id)
        membership.remove_member(mine, bob.pk)
    assert dict(heard()) == {
        "message.deleted": {**message, "by": str(bob.pk)},
        "member.removed": {"conversation": where, "user": str(bob.pk)},
    }


def test_texts_go_where_an_owner_said_so_and_no_longer(
    alice: User,
    bob: User,
    alice_api: APIClient,
    bob_api: APIClient,
    charlie_api: APIClient,
    hook: Any,
    heard: Heard,
    settings: Any,
) -> None:
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    other = services.create_group(alice.pk, name="Other", members=[bob.pk], history="all")
    listed = f"/api/v1/chat/conversations/{room.pk}/webhooks/"
    assert charlie_api.put(f"{listed}{hook.pk}/").status_code == 404
    assert bob_api.put(f"{listed}{hook.pk}/").json()["code"] == "owners_only"
    assert alice_api.put(f"{listed}{hook.pk}/").status_code == 204
    assert alice_api.put(f"{listed}{hook.pk}/").status_code == 204
    told = {"id": str(hook.pk), "description": "", "host": "127.0.0.1"}
    assert bob_api.get(listed).json() == {"results": [told]}
    for place, text in ((room, "for the index"), (other, "not for it")):
        services.send_message(place.pk, sender=bob.pk, content=text)
    assert sorted(str(data.get("content")) for _, data in heard()) == ["None", "for the index"]

    sent = services.send_message(room.pk, sender=bob.pk, content="taken back")
    services.delete_message(selectors.get_participant_for(bob.pk, room.pk), sent.message_id)
    assert "content" not in heard()[0][1]

    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1", "127.0.0.2"]
    webhooks.change(hook.pk, actor=None, url=hook.url.replace("127.0.0.1", "127.0.0.2"))
    assert alice_api.get(listed).json() == {"results": []}
    webhooks.change(hook.pk, actor=None, url=hook.url)
    assert alice_api.put(f"{listed}{hook.pk}/").status_code == 204
    assert bob_api.delete(f"{listed}{hook.pk}/").status_code == 403
    assert alice_api.delete(f"{listed}{hook.pk}/").status_code == 204
    assert alice_api.delete(f"{listed}{hook.pk}/").status_code == 404
    services.send_message(room.pk, sender=bob.pk, content="between us again")
    assert [data.get("content") for _, data in heard()] == [None]


def test_nothing_is_heard_of_what_vanishes(
    alice: User, bob: User, alice_api: APIClient, hook: Any, heard: Heard, django_capture_on_commit_callbacks: Any
) -> None:
    room = services.create_group(alice.pk, name="Brief", members=[bob.pk], history="all", retention="ephemeral")
    direct, _ = services.create_direct(alice.pk, bob.pk)
    for place in (room, direct):
        refused = alice_api.put(f"/api/v1/chat/conversations/{place.pk}/webhooks/{hook.pk}/")
        assert refused.status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        sent = services.send_message(room.pk, sender=bob.pk, content="gone soon")
        mine = selectors.get_participant_for(bob.pk, room.pk)
        services.edit_message(mine, sent.message_id, content="gone soon, too")
        services.delete_message(mine, sent.message_id)
    assert heard() == []


def texts(found: list[tuple[str, dict[str, Any]]]) -> list[str | None]:
    return [data.get("content") for kind, data in found if kind == "message.created"]


def test_the_word_of_an_owner_ends_when_they_leave(alice: User, bob: User, hook: Any, heard: Heard) -> None:
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    mine = selectors.get_participant_for(alice.pk, room.pk)
    services.let_listen(mine, hook.pk, listen=True)
    services.send_message(room.pk, sender=bob.pk, content="while alice is here")
    assert texts(heard()) == ["while alice is here"]
    services.send_message(room.pk, sender=bob.pk, content="sent before, read after")
    membership.remove_member(mine, alice.pk)
    assert texts(heard()) == [None]
    assert webhooks.scopes_of(hook) == []
    services.let_listen(selectors.get_participant_for(bob.pk, room.pk), hook.pk, listen=True)
    services.send_message(room.pk, sender=bob.pk, content="bob is the owner now")
    assert texts(heard()) == ["bob is the owner now"]


def test_the_word_of_an_owner_ends_when_they_are_none_any_more(alice: User, bob: User, hook: Any, heard: Heard) -> None:
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    mine = selectors.get_participant_for(alice.pk, room.pk)
    services.let_listen(mine, hook.pk, listen=True)
    assert membership.change_role(mine, alice.pk, "member").role == "member"
    services.send_message(room.pk, sender=bob.pk, content="alice cannot say so now")
    assert texts(heard()) == [None]
    assert webhooks.scopes_of(hook) == []


def test_groups_are_locked_in_the_order_in_which_sends_lock_them(priya: User, hook: Any) -> None:
    rooms = [services.create_group(priya.pk, name=str(n), members=[], history="all").pk for n in range(8)]
    with CaptureQueriesContext(connection) as seen:
        webhooks.choose_places(hook.pk, rooms, actor=priya)
    locked = [one["sql"] for one in seen if "FOR UPDATE" in one["sql"] and "messaging_conversation" in one["sql"]]
    assert [room for sql in locked for room in rooms if room.hex in sql] == sorted(rooms)
    assert len(locked) == 8


def test_a_group_that_ended_gives_nothing_until_it_is_restored(
    alice: User, bob: User, staff_api: APIClient, hook: Any, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all")
    services.let_listen(selectors.get_participant_for(alice.pk, room.pk), hook.pk, listen=True)
    services.send_message(room.pk, sender=bob.pk, content="the last word")
    services.end_conversation(selectors.get_participant_for(alice.pk, room.pk))
    at = f"/api/v1/notifications/webhooks/{hook.pk}/"
    assert texts(heard()) == [None]
    assert staff_api.get(at).json()["conversations"] == []

    services.restore_conversation(alice, room.pk)
    assert staff_api.get(at).json()["conversations"] == [str(room.pk)]
    services.send_message(room.pk, sender=bob.pk, content="here again")
    assert texts(heard()) == ["here again"]

    services.end_conversation(selectors.get_participant_for(alice.pk, room.pk))
    monkeypatch.setattr(selectors, "ENDED_KEPT", -selectors.ENDED_KEPT)
    assert services.remove_ended() == 1
    assert not hook.scopes.exists()


def test_the_page_takes_groups_that_staff_own_and_no_others(
    alice: User, priya: User, alice_api: APIClient, hook: Any
) -> None:
    foreign = services.create_group(alice.pk, name="Maps", members=[priya.pk], history="all")
    own = services.create_group(priya.pk, name="Reports", members=[alice.pk], history="all")
    brief = services.create_group(priya.pk, name="Brief", members=[], history="all", retention="ephemeral")
    at, staff, member = f"/notifications/webhooks/{hook.pk}/groups/", Client(), Client()
    staff.force_login(priya)
    member.force_login(alice)
    assert member.post(at, {"groups": [str(foreign.pk)]}).status_code == 403
    for wrong in (foreign.pk, brief.pk, "nothing"):
        refused = staff.post(at, {"groups": [str(own.pk), str(wrong)]})
        assert refused.status_code == 400
        assert "error-summary" in refused.content.decode()
        assert webhooks.scopes_of(hook) == []
    assert staff.post(at, {"groups": [str(own.pk)]}).status_code == 303
    assert webhooks.scopes_of(hook) == [own.pk]
    assert staff.post(at, {}).status_code == 303
    assert webhooks.scopes_of(hook) == []


def test_a_page_of_webhooks_is_read_at_once(priya: User, staff_api: APIClient, hook: Any) -> None:
    def listed() -> tuple[int, set[tuple[str, ...]]]:
        with CaptureQueriesContext(connection) as queries:
            found = staff_api.get("/api/v1/notifications/webhooks/").json()["results"]
        return len(queries), {tuple(one["conversations"]) for one in found}

    def attach(one: Any) -> tuple[str, ...]:
        rooms = [services.create_group(priya.pk, name=name, members=[], history="all") for name in ("Maps", "Reports")]
        for room in rooms:
            webhooks.attach(one.pk, room.pk, actor=priya)
        return tuple(str(room.pk) for room in rooms)

    attached = {attach(hook)}
    few, told = listed()
    assert told == attached
    for _ in range(3):
        attached.add(attach(webhooks.create(url=hook.url, events=EVENTS, actor=priya)[0]))
    many, told = listed()
    assert (many, told) == (few, attached)
