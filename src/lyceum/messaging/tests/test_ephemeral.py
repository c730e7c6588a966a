"""Ephemeral conversations behave as others do, and what is over is gone."""

import time
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from lyceum.accounts.models import User
from lyceum.core import valkey
from lyceum.core.errors import DomainError, Invalid, NotFound, Unavailable
from lyceum.messaging import ephemeral, membership, selectors, services
from lyceum.messaging.errors import ClientIdReused
from lyceum.messaging.models import Message
from lyceum.messaging.selectors import get_participant_for, log_of, shaped
from lyceum.messaging.sending import Sent

pytestmark = pytest.mark.django_db(transaction=True)
People = tuple[User, User, User]


@pytest.fixture
def room(people: People) -> UUID:
    alice, bob, _ = people
    return services.create_group(
        alice.pk, name="Campfire", members=[bob.pk], history="joined", retention="ephemeral"
    ).pk


def say(room: UUID, person: User, text: str, **options: Any) -> Sent:
    return services.send_message(room, sender=person.pk, content=text, **options)


def seen(room: UUID, person: User) -> list[dict[str, Any]]:
    log = log_of(get_participant_for(person.pk, room))
    return shaped(log, log.run(limit=200), person.pk)


def unread(room: UUID, person: User) -> int:
    return selectors.unread_counts(person.pk, [room])[room]


def test_messages_are_numbered_counted_and_never_in_the_database(people: People, room: UUID) -> None:
    alice, bob, _ = people
    for n in range(3):
        say(room, alice, f"spark {n}")
    assert [(m["sequence"], m["content"], m["sender"]["name"]) for m in seen(room, bob)] == [
        (n + 1, f"spark {n}", "Alice Tester") for n in range(3)
    ]
    assert not Message.objects.exists()
    assert (unread(room, bob), unread(room, alice)) == (3, 0)
    assert services.mark_read(room, reader=bob.pk, sequence=2) == {"read_sequence": 2, "unread_count": 1}
    details = selectors.describe(bob.pk, [get_participant_for(bob.pk, room).conversation])[0]
    assert (details["last_message"]["content"], details["retention"]) == ("spark 2", "ephemeral")


def test_a_repeat_is_the_same_message_and_another_text_is_refused(people: People, room: UUID) -> None:
    alice = people[0]
    first = say(room, alice, "once", client_id="c1")
    again = say(room, alice, "once", client_id="c1")
    assert (again.message_id, again.sequence, again.is_new) == (first.message_id, 1, False)
    with pytest.raises(ClientIdReused):
        say(room, alice, "twice", client_id="c1")
    assert len(seen(room, alice)) == 1


def test_replies_edits_deletes_and_reactions(people: People, room: UUID) -> None:
    alice, bob, _ = people
    first = say(room, alice, "who has tea?")
    answer = say(room, bob, "I have", reply_to=first.message_id)
    say(room, alice, "thanks", reply_to=answer.message_id)
    with pytest.raises(Invalid):
        say(room, bob, "to nothing", reply_to=UUID(int=7))
    at_alice, at_bob = get_participant_for(alice.pk, room), get_participant_for(bob.pk, room)
    assert services.react(at_bob, first.message_id, "🍵", add=True) == [{"emoji": "🍵", "count": 1, "mine": True}]
    services.react(at_bob, first.message_id, "🍵", add=True)
    services.edit_message(at_alice, first.message_id, content="who has green tea?")
    root, reply, last = seen(room, alice)
    assert (root["content"], root["reactions"]) == (
        "who has green tea?",
        [{"emoji": "🍵", "count": 1, "mine": False}],
    )
    assert root["edited_at"] is not None
    assert reply["reply_to"]["excerpt"] == "who has green tea?"
    assert root["thread"] == reply["thread"] == last["thread"] == {"root": first.message_id, "count": 2}
    log = log_of(get_participant_for(alice.pk, room))
    assert [row.content for row in log.thread(first.message_id, 10)] == ["I have", "thanks"]

    services.delete_message(at_bob, answer.message_id)
    root, reply, last = seen(room, alice)
    assert (reply["deleted"], reply["content"], root["thread"]["count"]) == (True, "", 1)
    assert last["reply_to"]["excerpt"] == ""
    with pytest.raises(NotFound):
        services.edit_message(at_bob, answer.message_id, content="back again")
    with pytest.raises(DomainError):
        services.delete_message(at_bob, first.message_id)
    services.react(at_bob, first.message_id, "🍵", add=False)
    assert seen(room, alice)[0]["reactions"] == []


def test_who_joins_later_sees_nothing_of_before(people: People, room: UUID) -> None:
    alice, _, charlie = people
    old = say(room, alice, "a secret")
    membership.add_member(get_participant_for(alice.pk, room), charlie, role="member")
    say(room, alice, "welcome", reply_to=old.message_id)
    [welcome] = seen(room, charlie)
    assert welcome["reply_to"] == {"id": old.message_id, "sequence": 1, "sender": None, "excerpt": None}
    assert unread(room, charlie) == 1
    with pytest.raises(NotFound):
        selectors.get_message_for(log_of(get_participant_for(charlie.pk, room)), old.message_id)


def test_what_is_over_is_gone_everywhere_and_numbers_go_on(
    people: People, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    monkeypatch.setattr(ephemeral, "life", lambda: timedelta(seconds=1))
    old = say(room, alice, "soon gone", client_id="c1")
    services.react(get_participant_for(bob.pk, room), old.message_id, "👍", add=True)
    time.sleep(0.7)
    say(room, alice, "still here", reply_to=old.message_id)
    assert unread(room, bob) == 2
    time.sleep(0.5)
    assert unread(room, bob) == 1
    [alive] = seen(room, bob)
    assert (alive["sequence"], alive["content"]) == (2, "still here")
    assert alive["reply_to"] == {"id": old.message_id, "sequence": 1, "sender": None, "excerpt": None}
    assert say(room, alice, "soon gone", client_id="c1").sequence == 3
    time.sleep(1.2)
    assert seen(room, bob) == []
    assert list(valkey.connection().scan_iter(valkey.key("ephemeral", room, "*"))) == []
    assert say(room, bob, "a new fire").sequence == 4
    assert [m["sequence"] for m in seen(room, alice)] == [4]


def test_a_send_that_was_not_committed_leaves_no_trace(people: People, room: UUID) -> None:
    alice, bob, _ = people
    first = say(room, alice, "first")
    with pytest.raises(RuntimeError), transaction.atomic():
        say(room, alice, "never happened", client_id="c2", reply_to=first.message_id)
        raise RuntimeError
    [only] = seen(room, bob)
    assert (only["content"], only["thread"], unread(room, bob)) == ("first", None, 1)
    again = say(room, alice, "another", client_id="c2")
    assert (again.sequence, again.is_new) == (2, True)
    root, second = seen(room, bob)
    assert (root["thread"], second["content"], second["sequence"]) == (None, "another", 2)


def test_many_at_once_get_gapless_numbers(people: People, room: UUID) -> None:
    def talk(person: User) -> None:
        for n in range(10):
            say(room, person, f"{person.first_name} {n}")
        connection.close()

    threads = [Thread(target=talk, args=[people[n % 2]]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = seen(room, people[0])
    assert [message["sequence"] for message in found] == list(range(1, 61))
    assert len({message["id"] for message in found}) == 60


def test_without_valkey_nothing_is_pretended(people: People, room: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = people[0]
    say(room, alice, "there")
    nowhere = valkey.redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "connection", lambda: nowhere)
        with pytest.raises(Unavailable):
            say(room, alice, "lost?")
        with pytest.raises(Unavailable):
            seen(room, alice)
    assert [m["content"] for m in seen(room, alice)] == ["there"]
    assert say(room, alice, "back").sequence == 2
