"""Group commit and the plain transaction store the same, by the same statement."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from lyceum.accounts.models import User
from lyceum.core import events
from lyceum.core.errors import NotFound
from lyceum.messaging import selectors, services
from lyceum.messaging.contracts import MessageSent
from lyceum.messaging.errors import ClientIdReused
from lyceum.messaging.models import Message, Participant
from lyceum.messaging.sending import Draft, Sent
from lyceum.messaging.writer import Writer

pytestmark = pytest.mark.django_db(transaction=True)
People = tuple[User, User, User]


async def send_at_once(drafts: list[Draft]) -> list[Any]:
    writer = Writer()
    try:
        return await asyncio.gather(*(writer.send(draft) for draft in drafts), return_exceptions=True)
    finally:
        await writer.stop()


@pytest.fixture
def heard() -> Iterator[list[MessageSent]]:
    found: list[MessageSent] = []
    events.on(MessageSent)(found.append)
    yield found
    events.forget(MessageSent, found.append)


def test_a_batch_numbers_each_conversation_without_gaps(people: People) -> None:
    alice, bob, charlie = people
    one = services.create_group(alice.pk, name="One", members=[bob.pk], history="all").pk
    other = services.create_group(alice.pk, name="Other", members=[], history="all").pk
    drafts = [Draft(one if n % 2 else other, alice.pk, str(n)) for n in range(10)]
    drafts.insert(3, Draft(one, charlie.pk, "a stranger"))
    drafts.insert(5, Draft(one, bob.pk, "no such", reply_to=UUID(int=5)))
    outcomes = asyncio.run(send_at_once(drafts))
    assert isinstance(outcomes[3], NotFound)
    assert outcomes[5].errors[0].field == "reply_to"
    for room in (one, other):
        rows = Message.objects.filter(conversation=room).order_by("sequence")
        assert [row.sequence for row in rows] == [1, 2, 3, 4, 5]
        assert [row.content for row in rows] == [
            d.content for d in drafts if d.conversation_id == room and d.content.isdigit()
        ]
        assert Participant.objects.get(conversation=room, user=alice).read_sequence == 5
    assert Participant.objects.get(conversation=one, user=bob).read_sequence == 0


def test_one_client_id_many_times_at_once_is_one_message(people: People) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    same = [Draft(room, alice.pk, "hello", "k") for _ in range(5)]
    outcomes = asyncio.run(send_at_once([*same, Draft(room, alice.pk, "other", "k"), Draft(room, bob.pk, "mine", "k")]))
    assert {sent.message_id for sent in outcomes[:5]} == {outcomes[0].message_id}
    assert [sent.is_new for sent in outcomes[:5]] == [True, False, False, False, False]
    assert isinstance(outcomes[5], ClientIdReused)
    assert isinstance(outcomes[6], Sent)
    assert Message.objects.count() == 2


def test_a_client_id_whose_time_is_over_is_free_for_its_sender_alone(people: People) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    [old] = asyncio.run(send_at_once([Draft(room, bob.pk, "mine", "k")]))
    Message.objects.update(created_at=timezone.now() - timedelta(days=8))
    [hers] = asyncio.run(send_at_once([Draft(room, alice.pk, "hers", "k")]))
    assert dict(Message.objects.values_list("pk", "client_id")) == {old.message_id: "k", hers.message_id: "k"}
    [new] = asyncio.run(send_at_once([Draft(room, bob.pk, "another", "k")]))
    assert new.is_new
    assert Message.objects.get(pk=old.message_id).client_id is None


def test_nobody_sends_into_a_group_that_ended(people: People) -> None:
    alice, bob, _ = people
    room = services.create_group(alice.pk, name="Over", members=[bob.pk], history="all")
    services.end_conversation(selectors.get_participant_for(alice.pk, room.pk))
    outcomes = asyncio.run(send_at_once([Draft(room.pk, who.pk, "anybody?") for who in (alice, bob)]))
    assert [type(outcome) for outcome in outcomes] == [NotFound, NotFound]
    assert not Message.objects.filter(conversation=room, message_type="user").exists()


def test_replies_in_one_batch_count_into_their_thread(people: People) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    root = services.send_message(room, sender=alice.pk, content="root").message_id
    asyncio.run(send_at_once([Draft(room, bob.pk, str(n), reply_to=root) for n in range(3)]))
    assert Message.objects.filter(thread_root=root).count() == 3


def test_each_new_message_is_an_event_by_both_ways_and_a_repeat_is_none(
    people: People, heard: list[MessageSent]
) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    plain = services.send_message(room, sender=alice.pk, content="plain", client_id="1")
    services.send_message(room, sender=alice.pk, content="plain", client_id="1")

    async def send() -> list[Any]:
        outcomes = await send_at_once([Draft(room, bob.pk, "grouped", "2"), Draft(room, bob.pk, "grouped", "2")])
        for _ in range(100):
            if len(heard) == 2:
                break
            await asyncio.sleep(0.02)
        return outcomes

    grouped, _ = asyncio.run(send())
    assert [(event.message_id, event.sequence) for event in heard] == [
        (str(plain.message_id), 1),
        (str(grouped.message_id), 2),
    ]
