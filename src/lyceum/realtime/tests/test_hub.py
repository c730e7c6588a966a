"""One connection's trouble is its own: everybody else hears everything."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lyceum.core import live
from lyceum.realtime import pace
from lyceum.realtime.hub import Hub
from lyceum.realtime.writers import Frame


class Listener:
    is_multiplexed = True

    def __init__(self, name: str, fault: Exception | None = None) -> None:
        self.id, self.person = name, f"user:{name}"
        self.own_groups = {self.person}
        self.doubts = 0
        self.groups: set[str] = set()
        self.moves = 0
        self.fault = fault
        self.heard: list[bytes] = []
        self.writes = 0
        self.ended: list[int] = []

    def deliver(self, frame: Frame) -> None:
        if self.fault is not None:
            raise self.fault
        self.heard += frame.payloads
        self.writes += 1

    def end(self, code: int) -> None:
        self.ended.append(code)

    def covers(self, group: str) -> bool:
        return False

    def doubt(self) -> None:
        self.doubts += 1


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    found = Hub()
    await found.start()
    yield found
    await found.stop()


async def heard(listener: Listener, count: int) -> list[bytes]:
    async with asyncio.timeout(5):
        while len(listener.heard) < count:
            await asyncio.sleep(0.01)
    return listener.heard


async def test_a_connection_that_cannot_be_written_to_costs_nobody_a_frame(hub: Hub) -> None:
    broken = [Listener(f"broken{n}", RuntimeError("the handler is closed")) for n in range(5)]
    healthy = [Listener(f"healthy{n}") for n in range(5)]
    for member in (*broken, *healthy):
        hub.join(member, "room")
    for number in range(10):
        live.push_all(["room"], {"type": "message", "number": number})
    for member in healthy:
        frames = await heard(member, 10)
        assert [f'"number":{n}}}'.encode() in frame for n, frame in enumerate(frames)] == [True] * 10
    assert all(member.ended and set(member.ended) == {1011} for member in broken)


async def test_what_cannot_be_read_from_the_channel_is_passed_over(hub: Hub) -> None:
    from lyceum.core import valkey

    listener = Listener("healthy")
    hub.join(listener, "room")
    valkey.connection().publish(valkey.key(live.CHANNEL), b"\xff not ours")
    live.push_all(["room"], {"type": "message"})
    assert len(await heard(listener, 1)) == 1


async def test_exclusions_and_audiences_hold(hub: Hub) -> None:
    alice, bob, charlie = Listener("alice"), Listener("bob"), Listener("charlie")
    for member in (alice, bob, charlie):
        hub.join(member, "room")
    live.push_all(["room"], {"type": "one"}, exclude="alice")
    live.push_all(["room"], {"type": "two"}, only=("user:bob",))
    live.push_all(["room"], {"type": "three"}, never=("user:bob", "user:alice"))
    live.push_all(["room"], {"type": "end"})
    assert [len(await heard(member, count)) for member, count in ((alice, 1), (bob, 3), (charlie, 3))] == [1, 3, 3]


async def test_who_joined_late_hears_nothing_from_before_however_late_it_comes(hub: Hub) -> None:
    alice, bob = Listener("alice"), Listener("bob")
    hub.join(alice, "room")
    hub.join(bob, "user:bob")
    live.push_all(["user:bob"], {}, control="join:room", above=2)
    for number in (1, 2, 3):
        live.push_all(["room"], {"type": "message", "number": number}, sequence=number)
    live.push_all(["room"], {"type": "typing_indicator"})
    assert len(await heard(alice, 4)) == 4
    assert [b'"number":3' in frame for frame in await heard(bob, 2)] == [True, False]

    hub.leave(bob, "room")
    hub.keep_to(bob, {"user:bob": 0, "room": 4})
    live.push_all(["room"], {"type": "message_edited", "number": 4}, sequence=4)
    live.push_all(["room"], {"type": "message", "number": 5}, sequence=5)
    assert b'"number":5' in (await heard(bob, 3))[2]

    live.push_all(["user:bob"], {}, control="part:room")
    live.push_all(["user:bob"], {}, control="join:room")
    live.push_all(["room"], {"type": "message_edited", "number": 4}, sequence=4)
    assert b'"number":4' in (await heard(bob, 4))[3]


async def test_after_a_lost_subscription_nobody_hears_of_a_group_until_it_is_read_anew(hub: Hub) -> None:
    from lyceum.core import valkey

    listener = Listener("alice")
    for group in ("user:alice", "room"):
        hub.join(listener, group)
    before = listener.moves
    client: Any = valkey.connection()
    # Other tests' processes listen on the same server, in databases of their own.
    ours = [c["id"] for c in client.client_list(_type="pubsub") if int(c["db"]) == client.get_connection_kwargs()["db"]]
    for listening in ours:
        client.client_kill_filter(_id=listening)
    async with asyncio.timeout(5):
        while not listener.doubts:
            await asyncio.sleep(0.01)
    assert listener.moves > before
    live.push_all(["room"], {"type": "message", "number": 1})
    live.push_all(["user:alice"], {"type": "message", "number": 2})
    [frame] = await heard(listener, 1)
    assert b'"number":2' in frame
    hub.keep_to(listener, {"user:alice": 0, "room": 0})
    live.push_all(["room"], {"type": "message", "number": 3})
    assert b'"number":3' in (await heard(listener, 2))[1]


async def test_a_quiet_group_is_written_to_at_once_and_a_busy_one_in_joins(hub: Hub) -> None:
    """The pace looks at what the process writes and at what the group heard a moment ago."""
    alice, bob = Listener("alice"), Listener("bob")
    crowd = [Listener(f"crowd{n}") for n in range(pace.CALM_WRITES)]
    for member in (alice, bob):
        hub.join(member, "room")
    for member in crowd:
        hub.join(member, "square")

    def tell(group: str, number: int, exclude: str = "") -> None:
        hub._dispatch(live.make_push(group, {"type": "message", "number": number}, exclude=exclude))

    for number in range(3):
        tell("room", number)
    assert (alice.writes, len(alice.heard)) == (3, 3)
    for number in range(2):
        tell("square", number)
    assert crowd[0].writes == 1
    tell("room", 3, exclude="alice")
    hub.answer(alice, "room", Frame(b"answer to the third"))
    tell("room", 4)
    assert alice.writes == 3
    await heard(alice, 5)
    assert (alice.writes, alice.heard[3]) == (4, b"answer to the third")
    assert [len(bob.heard), bob.writes, crowd[0].writes] == [5, 4, 2]
    await asyncio.sleep(pace.JOIN_SECONDS * 3)
    tell("room", 5)
    assert (alice.writes, bob.writes) == (5, 5)


async def test_what_a_group_waits_for_is_written_before_its_members_change(hub: Hub) -> None:
    alice, bob, charlie = Listener("alice"), Listener("bob"), Listener("charlie")
    hub.join(alice, "room")
    hub.join(bob, "room")
    hub._pace._was_loaded = True
    for number in range(3):
        hub._dispatch(live.make_push("room", {"type": "message", "number": number}))
    hub.join(charlie, "room")
    hub.leave(bob, "room")
    assert [len(member.heard) for member in (alice, bob, charlie)] == [3, 3, 0]
