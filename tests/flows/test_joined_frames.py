import asyncio

from tests.conftest import Site


async def test_frames_of_a_quiet_group_go_at_once_and_are_joined_under_load(site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]}).data["id"]
    at_alice, at_bob = await (await alice.open()).ready(), await (await bob.open()).ready()
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(10):
        await asyncio.sleep(0.05)
        began = loop.time()
        await at_alice.send(type="user_message", conversation=room, message="quiet")
        await at_bob.hear("message")
        waits.append(loop.time() - began)
    # The commit is in it; joining would add 20 ms to each.
    assert min(waits) < 0.02
    for _ in range(100):
        await at_alice.send(type="user_message", conversation=room, message="loud")
    async with asyncio.timeout(10):
        heard = [(await at_bob.hear("message"))["message"]["sequence"] for _ in range(100)]
    assert sorted(heard) == list(range(11, 111))
