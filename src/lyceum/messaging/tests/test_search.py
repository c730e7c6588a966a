"""Finding messages: only what one may read at this moment, with the place in Talk."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.accounts import keys
from lyceum.accounts.models import User
from lyceum.core import events
from lyceum.core.ids import uuid7
from lyceum.messaging import membership, selectors, services
from lyceum.messaging.contracts import MessageSent
from lyceum.messaging.models import Conversation, Message
from lyceum.messaging.search import Follower
from lyceum.search import engines
from lyceum.search import public as search
from lyceum.search.models import PendingChange

URL = "/api/v1/search/messages/"
People = tuple[User, User, User]


@pytest.fixture
def room(alice: User, bob: User) -> Conversation:
    return services.create_group(alice.pk, name="Kambalda mapping", members=[bob.pk], history="joined")


def say(room: Conversation, person: User, text: str) -> Message:
    sent = services.send_message(room.pk, sender=person.pk, content=text)
    return Message.objects.get(pk=sent.message_id)


def place(person: User, room: Conversation) -> Any:
    return selectors.get_participant_for(person.pk, room.pk)


def texts(api: Any, q: str = "komatiite", **query: Any) -> list[str]:
    answer = api.get(URL, {"q": q, **query})
    assert answer.status_code == 200, answer.data
    return [one["content"] for one in answer.data["results"]]


def test_members_find_a_message_with_its_place_and_strangers_do_not(
    room: Conversation, alice: User, alice_api: Any, bob_api: Any, charlie_api: Any, index_now: Callable[[], None]
) -> None:
    said = say(room, alice, "The komatiite flows lie <b>below</b> the basalts.")
    say(room, alice, "Lunch?")
    index_now()
    [found] = bob_api.get(URL, {"q": "flow of komatiites"}).data["results"]
    assert found["url"] == f"/talk/{room.pk}/?at={said.sequence}"
    assert found["conversation"] == {"id": room.pk, "kind": "group", "name": "Kambalda mapping"}
    assert found["highlight"].startswith("The <mark>komatiite")
    assert "<b>" not in found["highlight"]
    assert texts(alice_api) == [said.content]
    assert texts(charlie_api) == []
    assert charlie_api.get(URL, {"q": "komatiite", "conversation": room.pk}).status_code == 404


def test_who_joins_late_finds_what_came_after_and_who_was_removed_nothing(
    room: Conversation, alice: User, charlie: User, charlie_api: Any, index_now: Callable[[], None]
) -> None:
    say(room, alice, "komatiite before")
    membership.add_member(place(alice, room), charlie, role="member")
    say(room, alice, "komatiite after")
    index_now()
    assert texts(charlie_api) == ["komatiite after"]
    # The index knows nothing of it, and need not.
    membership.remove_member(place(alice, room), charlie.pk)
    assert texts(charlie_api) == []


def test_what_was_taken_back_or_changed_is_not_shown_even_while_the_index_is_behind(
    room: Conversation, alice: User, alice_api: Any, index_now: Callable[[], None]
) -> None:
    gone, changed = say(room, alice, "komatiite one"), say(room, alice, "komatiite two")
    index_now()
    services.delete_message(place(alice, room), gone.pk)
    services.edit_message(place(alice, room), changed.pk, content="basalt two")
    [found] = alice_api.get(URL, {"q": "komatiite"}).data["results"]
    assert (found["content"], found["highlight"]) == ("basalt two", "basalt two")
    index_now()
    assert texts(alice_api) == []
    assert texts(alice_api, "basalt") == ["basalt two"]


def test_what_vanishes_and_what_the_house_says_is_never_in_the_index(
    alice: User, bob: User, alice_api: Any, index_now: Callable[[], None]
) -> None:
    fleeting = services.create_group(
        alice.pk, name="Komatiite whispers", members=[bob.pk], history="all", retention="ephemeral"
    )
    services.send_message(fleeting.pk, sender=alice.pk, content="komatiite, quietly")
    index_now()
    assert texts(alice_api) == []
    assert alice_api.get("/api/v1/search/all/", {"q": "whispers"}).data["count"] == 0


def test_an_ended_group_is_not_found_until_it_is_restored(
    room: Conversation, alice: User, bob_api: Any, index_now: Callable[[], None]
) -> None:
    say(room, alice, "komatiite")
    services.end_conversation(place(alice, room))
    index_now()
    assert texts(bob_api) == []
    services.restore_conversation(alice, room.pk)
    index_now()
    assert texts(bob_api) == ["komatiite"]
    Conversation.objects.filter(pk=room.pk).update(ended_at="2020-01-01T00:00:00Z")
    services.remove_ended()
    index_now()
    assert engines.current().count("message") == 0


def test_filters_narrow_by_conversation_sender_and_time(
    room: Conversation, alice: User, bob: User, alice_api: Any, index_now: Callable[[], None]
) -> None:
    direct, _ = services.create_direct(alice.pk, bob.pk)
    one, two, three = say(room, alice, "komatiite 1"), say(room, bob, "komatiite 2"), say(direct, bob, "komatiite 3")
    Message.objects.filter(pk=one.pk).update(created_at="2026-01-31T23:00:00Z")
    Message.objects.filter(pk=two.pk).update(created_at="2026-02-01T01:00:00Z")
    index_now()
    assert sorted(texts(alice_api, sender=bob.pk)) == ["komatiite 2", "komatiite 3"]
    assert texts(alice_api, conversation=direct.pk) == ["komatiite 3"]
    assert texts(alice_api, to="2026-01-31") == ["komatiite 1"]
    assert texts(alice_api, **{"from": "2026-02-01", "to": "2026-02-01T01:00:00Z"}) == []
    assert texts(alice_api, **{"from": "2026-02-01T01:00:00Z", "to": "2026-02-02"}) == ["komatiite 2"]
    assert texts(alice_api, "") == ["komatiite 3", "komatiite 2", "komatiite 1"]
    [found] = alice_api.get(URL, {"sender": bob.pk, "conversation": direct.pk}).data["results"]
    assert found["conversation"]["name"] == bob.name
    assert three.pk == found["id"] or str(three.pk) == found["id"]


def test_pages_go_on_to_the_end_and_what_is_asked_wrongly_is_said(
    room: Conversation, alice: User, alice_api: Any, index_now: Callable[[], None]
) -> None:
    for number in range(5):
        say(room, alice, f"komatiite {number}")
    index_now()
    found, at = [], f"{URL}?q=komatiite&order=newest&limit=2"
    while at:
        page = alice_api.get(at).data
        assert page["count"] == 5
        found += [one["content"] for one in page["results"]]
        at = page["next"]
    assert found == [f"komatiite {number}" for number in range(4, -1, -1)]
    wrong = [
        {"sender": "bob"},
        {"from": "yesterday"},
        {"to": "2026-01-01T00:00:00"},
        {"order": "oldest"},
        {"limit": "101"},
        {"cursor": "x"},
    ]
    assert [alice_api.get(URL, {"q": "x", **query}).status_code for query in wrong] == [400] * len(wrong)


def test_a_message_that_was_committed_late_is_found_by_the_follower(
    room: Conversation, alice: User, alice_api: Any
) -> None:
    follower = Follower()
    follower.follow()
    PendingChange.objects.all().delete()
    early, late = uuid7(), say(room, alice, "komatiite")
    assert follower.follow() == 1
    # Its id is older than the one that was seen already, since its commit was overtaken.
    Message.objects.filter(pk=late.pk).update(id=early)
    assert follower.follow() == 1
    assert follower.follow() == 0
    assert {row.document_id for row in PendingChange.objects.all()} == {early, late.pk}


def test_all_kinds_are_found_at_once_grouped_and_each_as_the_asker_may(
    room: Conversation,
    alice: User,
    bob: User,
    alice_api: Any,
    charlie_api: Any,
    api: Any,
    index_now: Callable[[], None],
) -> None:
    say(room, bob, "mapping starts at nine")
    search.changed("person", [alice.pk, bob.pk])
    index_now()
    answer = alice_api.get("/api/v1/search/all/", {"q": "mapping"}).data
    assert [(group["kind"], group["count"]) for group in answer["groups"]] == [("conversation", 1), ("message", 1)]
    message = answer["groups"][1]["results"][0]
    assert (message["title"], message["note"]) == ("Kambalda mapping", bob.name)
    assert message["highlight"] == "<mark>mapping</mark> starts at nine"
    people = charlie_api.get("/api/v1/search/all/", {"q": bob.first_name}).data["groups"]
    assert [(group["kind"], [one["title"] for one in group["results"]]) for group in people] == [("person", [bob.name])]
    assert charlie_api.get("/api/v1/search/all/", {"q": "mapping"}).data["count"] == 0
    assert api.get("/api/v1/search/all/", {"q": bob.first_name}).data["count"] == 0
    only = alice_api.get("/api/v1/search/all/", {"q": "mapping", "kind": "message"}).data
    assert [group["kind"] for group in only["groups"]] == ["message"]
    assert alice_api.get("/api/v1/search/all/", {"q": "mapping", "kind": "planets"}).status_code == 400


def test_a_service_finds_only_the_kinds_that_its_scopes_reach(
    room: Conversation, alice: User, index_now: Callable[[], None]
) -> None:
    found = {}
    search.changed("person", [alice.pk])
    for scope in ("users:read", "chat:read"):
        key, secret = keys.create(name="Assay lab", scopes=[scope], actor=None)
        membership.add_member(place(alice, room), key.user, role="member")
        say(room, alice, f"mapping with {alice.first_name}")
        index_now()
        service = APIClient()
        service.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        groups = service.get("/api/v1/search/all/", {"q": alice.first_name}).data["groups"]
        found[scope] = [group["kind"] for group in groups]
    assert found == {"users:read": ["person"], "chat:read": ["message"]}


def test_sending_pays_nothing_for_the_index(room: Conversation, alice: User) -> None:
    PendingChange.objects.all().delete()
    say(room, alice, "komatiite")
    assert not events.is_heard(MessageSent)
    assert not PendingChange.objects.exists()
