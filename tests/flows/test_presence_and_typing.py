"""Who is here and who types, over several devices and two processes."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.conftest import Line, Person, Site, start_web

FAST = {
    "core__presence__GRACE_SECONDS": 1.0,
    "core__presence__ALIVE_SECONDS": 4,
    "realtime__gateway__PRESENCE_SWEEP_SECONDS": 0.2,
    "realtime__gateway__HEARTBEAT_SECONDS": 1.0,
    "messaging__typing__ENDS_SECONDS": 1.2,
    "messaging__typing__TOLD_SECONDS": 0.6,
}


@pytest.fixture(scope="module")
def sites(flow_environment: dict[str, str]) -> Iterator[list[Site]]:
    """Two processes, one for each way to write, with shorter times: 10 s are 1, 6 are 1.2, 3 are 0.6, 15 are 1."""
    started = [
        start_web(flow_environment, **FAST),
        start_web(flow_environment, **FAST, realtime__protocol__GIVES_TRANSPORT=False),
    ]
    yield [site for site, _ in started]
    for _, process in started:
        process.terminate()
        process.wait(20)


def direct(one: Person, other: Person) -> str:
    body = {"kind": "direct", "participants": [other.id]}
    return str(one.call("POST", "chat/conversations/", body).data["id"])


async def silence(line: Line, *kinds: str, seconds: float = 0.5) -> None:
    """Hear nothing of these kinds for a while."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            while (frame := await line.next())["type"] not in kinds:
                pass
            raise AssertionError(frame)


async def test_presence_is_the_best_of_all_devices_and_ends_after_a_grace(sites: list[Site]) -> None:
    one, two = sites
    alice, bob, charlie = one.register("Alice"), one.register("Bob"), one.register("Charlie")
    room = direct(alice, bob)
    at_bob = await (await bob.open(site=two)).ready()
    stranger = await (await charlie.open(site=two)).ready()
    phone = await (await alice.open(site=one)).ready()
    heard = await at_bob.hear("presence")
    assert (heard["user"], heard["state"], heard["last_seen"]) == (alice.id, "online", None)

    snapshot = await (await bob.open(site=one)).hear("presence_snapshot")
    assert snapshot["users"] == [{"user": alice.id, "state": "online"}]
    single = await bob.open(f"/ws/chat/{room}/", site=one)
    assert (await single.hear("presence"))["user"] == alice.id

    desk = await (await alice.open(site=two)).ready()
    # A connection counts as here a moment after it is established, and before its first command.
    await desk.until_pong()
    await phone.send(type="presence", state="away")
    await phone.until_pong()
    await desk.send(type="presence", state="away")
    assert (await at_bob.hear("presence"))["state"] == "away"
    await desk.send(type="presence", state="online")
    assert (await at_bob.hear("presence"))["state"] == "online"

    await desk.close()
    assert (await at_bob.hear("presence"))["state"] == "away"
    await phone.close()
    gone = await at_bob.hear("presence")
    assert (gone["state"], gone["user"]) == ("offline", alice.id)
    assert gone["last_seen"] is not None
    await silence(stranger, "presence")
    for line in (at_bob, single, stranger):
        await line.close()


async def test_who_comes_back_within_the_grace_was_never_gone(sites: list[Site]) -> None:
    alice, bob = sites[0].register("Alice"), sites[0].register("Bob")
    direct(alice, bob)
    at_bob = await (await bob.open()).ready()
    first = await (await alice.open()).ready()
    await at_bob.hear("presence")
    await first.close()
    again = await (await alice.open(site=sites[1])).ready()
    await silence(at_bob, "presence", seconds=1.6)
    for line in (again, at_bob):
        await line.close()


async def test_who_hides_presence_and_typing_is_not_told_of(sites: list[Site]) -> None:
    alice, bob = sites[0].register("Alice"), sites[0].register("Bob")
    room = direct(alice, bob)
    alice.call("PATCH", "users/profile/", {"show_presence": False, "show_typing": False})
    at_bob = await (await bob.open()).ready()
    at_alice = await (await alice.open()).ready()
    await at_alice.send(type="typing_indicator", conversation=room, is_typing=True)
    await at_alice.send(type="presence", state="away")
    await at_alice.until_pong()
    assert (await (await bob.open()).hear("presence_snapshot"))["users"] == []
    await silence(at_bob, "presence", "typing_indicator")
    for line in (at_bob, at_alice):
        await line.close()


async def test_presence_follows_who_hides_it_and_who_is_added(sites: list[Site]) -> None:
    one, two = sites
    alice, bob = one.register("Alice"), one.register("Bob")
    at_bob = await (await bob.open(site=two)).ready()
    at_alice = await (await alice.open(site=one)).ready()
    room = alice.call("POST", "chat/conversations/", {"kind": "group", "name": "Dyke", "participants": []}).data["id"]
    alice.call("POST", f"chat/conversations/{room}/members/", {"user": bob.id})
    for line, other in ((at_bob, alice), (at_alice, bob)):
        told = await line.hear("presence")
        assert (told["user"], told["state"]) == (other.id, "online")
    for is_shown, state in ((False, "offline"), (True, "online")):
        alice.call("PATCH", "users/profile/", {"show_presence": is_shown})
        told = await at_bob.hear("presence")
        assert (told["user"], told["state"], told["last_seen"]) == (alice.id, state, None)
    for line in (at_bob, at_alice):
        await line.close()


async def test_a_killed_process_takes_its_people_offline(flow_environment: dict[str, str], sites: list[Site]) -> None:
    site, process = start_web(flow_environment, **FAST)
    alice, bob = site.register("Alice"), site.register("Bob")
    direct(alice, bob)
    at_bob = await (await bob.open(site=sites[0])).ready()
    await (await alice.open()).ready()
    assert (await at_bob.hear("presence"))["state"] == "online"
    process.kill()
    process.wait()
    assert (await at_bob.hear("presence", within=8))["state"] == "offline"
    await at_bob.close()


async def test_typing_is_told_prolonged_and_ends_by_itself(sites: list[Site]) -> None:
    one, two = sites
    alice, bob = one.register("Alice"), one.register("Bob")
    room = direct(alice, bob)
    at_alice, own = await (await alice.open(site=one)).ready(), await (await alice.open(site=two)).ready()
    at_bob = await (await bob.open(f"/ws/chat/{room}/", site=two)).ready()
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = 0
    for _ in range(5):
        await at_alice.send(type="typing_indicator", conversation=room, is_typing=True)
        await at_alice.until_pong()
        await asyncio.sleep(0.2)
    told = [f for f in await at_bob.until_pong() if f["type"] == "typing_indicator"]
    assert [frame["is_typing"] for frame in told] == [True, True]
    ended = await at_bob.hear("typing_indicator")
    assert (ended["user"], ended["is_typing"]) == (alice.id, False)
    assert 1.9 < loop.time() - began < 4
    await silence(own, "typing_indicator", seconds=0.2)
    for line in (at_alice, own, at_bob):
        await line.close()


async def test_sending_ends_typing_without_a_frame_and_closing_with_one(sites: list[Site]) -> None:
    one, two = sites
    alice, bob = one.register("Alice"), one.register("Bob")
    room = direct(alice, bob)
    at_alice, at_bob = await (await alice.open()).ready(), await (await bob.open(site=two)).ready()
    await at_alice.send(type="typing_indicator", conversation=room, is_typing=True)
    assert (await at_bob.hear("typing_indicator"))["is_typing"] is True
    await at_alice.send(type="user_message", conversation=room, message="done")
    await at_bob.hear("message")
    await silence(at_bob, "typing_indicator", seconds=1.6)
    await at_alice.send(type="typing_indicator", conversation=room, is_typing=True)
    assert (await at_bob.hear("typing_indicator"))["is_typing"] is True
    await at_alice.close()
    assert (await at_bob.hear("typing_indicator", within=1))["is_typing"] is False
    await at_bob.close()


async def test_a_heartbeat_tells_what_moved(sites: list[Site]) -> None:
    one, two = sites
    alice, bob = one.register("Alice"), one.register("Bob")
    room, other = direct(alice, bob), direct(alice, one.register("Charlie"))
    everything, single = await (await bob.open()).ready(), await (await bob.open(f"/ws/chat/{room}/", site=two)).ready()
    assert (await everything.hear("heartbeat"))["sequences"] == {room: 0}
    assert (await everything.hear("heartbeat"))["sequences"] == {}
    alice.call("POST", f"chat/conversations/{room}/messages/", {"content": "hello"})
    alice.call("POST", f"chat/conversations/{other}/messages/", {"content": "not for bob"})
    await everything.hear("message")
    assert (await everything.hear("heartbeat"))["sequences"] == {room: 1}
    await single.hear("message")
    beat = await single.hear("heartbeat")
    assert (beat["sequence"], beat["conversation"]) == (1, room)
    for line in (everything, single):
        await line.close()
