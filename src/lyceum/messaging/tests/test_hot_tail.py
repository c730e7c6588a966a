"""The hot tail and PostgreSQL say the same, whatever happens at once and whatever becomes of Valkey."""

import random
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from lyceum.accounts.models import User
from lyceum.core import valkey
from lyceum.core.errors import DomainError
from lyceum.messaging import hot, membership, selectors, services
from lyceum.messaging.logs import PermanentLog
from lyceum.messaging.selectors import get_participant_for

pytestmark = pytest.mark.django_db(transaction=True)
People = tuple[User, User, User]


@pytest.fixture
def room(people: People) -> UUID:
    alice, bob, _ = people
    return services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk


def say(room: UUID, person: User, text: str, **options: Any) -> UUID:
    return services.send_message(room, sender=person.pk, content=text, **options).message_id


def page(room: UUID, person: User, limit: int = 50) -> tuple[list[dict[str, Any]], bool]:
    """Return the newest page, and whether the hot tail gave it."""
    log = PermanentLog(get_participant_for(person.pk, room))
    rows = log.run(limit=limit, newest=True)
    return selectors.shaped(log, rows, person.pk), bool(log._warm)


def truth(room: UUID, person: User, limit: int = 50) -> list[dict[str, Any]]:
    log = PermanentLog(get_participant_for(person.pk, room))
    rows = list(log._rows.order_by("-sequence")[:limit])[::-1]
    return selectors.shaped(log, rows, person.pk)


def warm(room: UUID, person: User) -> None:
    page(room, person)
    found, is_hot = page(room, person)
    assert is_hot
    assert found == truth(room, person)


def test_a_tail_serves_what_it_holds_and_follows_every_change(people: People, room: UUID) -> None:
    alice, bob, _ = people
    ids = [say(room, alice, f"m{n}") for n in range(5)]
    warm(room, bob)
    say(room, bob, "appended, @Alice Tester")
    found, is_hot = page(room, bob)
    assert (found[-1]["content"], is_hot) == ("appended, @Alice Tester", True)
    assert found == truth(room, bob)
    changes: list[Any] = [
        lambda: services.edit_message(get_participant_for(alice.pk, room), ids[1], content="edited"),
        lambda: services.delete_message(get_participant_for(alice.pk, room), ids[2]),
        lambda: services.react(get_participant_for(bob.pk, room), ids[3], "👍", add=True),
        lambda: services.react(get_participant_for(bob.pk, room), ids[3], "👍", add=False),
        lambda: say(room, bob, "a reply", reply_to=ids[4]),
        lambda: User.objects.filter(pk=alice.pk).update(first_name="Alicia"),
    ]
    for change in changes:
        warm(room, bob)
        change()
        assert page(room, bob)[0] == truth(room, bob)
        assert page(room, alice)[0] == truth(room, alice)
    warm(room, bob)


def test_what_was_not_committed_is_never_shown(people: People, room: UUID) -> None:
    alice, bob, _ = people
    first = say(room, alice, "first")
    say(room, alice, "second")
    warm(room, bob)
    with pytest.raises(RuntimeError), transaction.atomic():
        say(room, alice, "never")
        services.edit_message(get_participant_for(alice.pk, room), first, content="never")
        raise RuntimeError
    assert [m["content"] for m in page(room, bob)[0]] == ["first", "second"]


def test_who_joined_later_sees_no_count_of_what_is_hidden(people: People, room: UUID) -> None:
    alice, bob, charlie = people
    root = say(room, alice, "root")
    say(room, bob, "hidden reply", reply_to=root)
    membership.add_member(get_participant_for(alice.pk, room), charlie, role="member")
    say(room, bob, "shown reply", reply_to=root)
    say(room, bob, "plain")
    warm(room, bob)
    found, _ = page(room, charlie)
    assert found == truth(room, charlie)
    assert [(m["thread"] or {}).get("count") for m in found] == [1, None]
    assert found[0]["reply_to"] == {"id": root, "sequence": 1, "sender": None, "excerpt": None}


def test_a_tail_is_short_and_ends_by_itself(people: People, room: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, _ = people
    monkeypatch.setattr(hot, "APPEND", hot.APPEND.replace(f"-{hot.LENGTH + 1}", "-11"))
    for n in range(8):
        say(room, alice, f"m{n}")
    page(room, bob)
    for n in range(8):
        say(room, alice, f"n{n}")
    [key] = valkey.connection().scan_iter(valkey.key("hot", room, "*"))
    assert valkey.connection().zcard(key) == 10
    assert 0 < valkey.connection().ttl(key) <= hot.LIFE_SECONDS
    assert page(room, bob, limit=10)[1] is True
    assert page(room, bob, limit=12)[1] is False
    assert page(room, bob, limit=12)[0] == truth(room, bob, limit=12)


def test_without_valkey_or_with_an_empty_one_the_page_is_the_same(
    people: People, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = people
    for n in range(5):
        say(room, alice, f"m{n}")
    warm(room, bob)
    for key in valkey.connection().scan_iter(valkey.key("hot", "*")):
        valkey.connection().delete(key)
    assert page(room, bob) == (truth(room, bob), False)
    assert page(room, bob)[1] is True
    nowhere = valkey.redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "connection", lambda: nowhere)
        assert page(room, bob) == (truth(room, bob), False)
        say(room, alice, "all the same")
    assert page(room, bob)[0] == truth(room, bob)
    assert page(room, bob)[0][-1]["content"] == "all the same"


def test_under_writers_at_once_both_sources_agree(people: People, room: UUID) -> None:
    alice, bob, _ = people
    for n in range(10):
        say(room, alice, f"start {n}")
    served = {True: 0, False: 0}

    def act(person: User, seed: int) -> None:
        chance = random.Random(seed)
        place = get_participant_for(person.pk, room)
        for n in range(12):
            found, is_hot = page(room, person, limit=30)
            served[is_hot] += 1
            sequences = [m["sequence"] for m in found]
            assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
            some = chance.choice(found)
            try:
                match chance.randrange(8):
                    case 0:
                        services.edit_message(place, some["id"], content=f"edited {seed} {n}")
                    case 1:
                        services.delete_message(place, some["id"])
                    case 2:
                        services.react(place, some["id"], "🎉", add=chance.random() < 0.7)
                    case 3:
                        say(room, person, f"reply {seed} {n}", reply_to=some["id"])
                    case _:
                        say(room, person, f"message {seed} {n}")
            except DomainError:
                pass  # another was quicker to delete it, or it is not theirs
        connection.close()

    threads = [Thread(target=act, args=(people[n % 2], n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in (alice, bob):
        for limit in (10, 30, 100):
            assert page(room, person, limit)[0] == truth(room, person, limit)
        assert page(room, person)[1] is True
    assert served[True]
    assert served[False]
