"""One reader that stops reading, over real sockets: it is cut off and comes back; the others notice nothing."""

import asyncio
import socket
import time

from tests.conftest import Line, Site
from tests.flows.test_talk_over_sockets import group
from tests.raw import RawLine

TEXT = "The gossan runs along the contact. " * 200
MESSAGES = 1200
AT_ONCE = 20


async def talk(line: Line) -> None:
    """Send long messages, a few at once, and hear each acknowledged."""
    for start in range(0, MESSAGES, AT_ONCE):
        for number in range(start, start + AT_ONCE):
            await line.send(type="user_message", message=TEXT, client_id=str(number))
        for _ in range(AT_ONCE):
            await line.hear("user_message_received", within=20)


async def hear_all(line: Line) -> tuple[int, float]:
    """Count what a good reader hears; returns the count and the longest silence between two messages, in seconds."""
    heard, longest, last = 0, 0.0, time.monotonic()
    while heard < MESSAGES:
        await line.hear("message", within=20)
        heard, longest, last = heard + 1, max(longest, time.monotonic() - last), time.monotonic()
    return heard, longest


async def test_a_reader_that_stops_is_cut_off_and_comes_back(site: Site) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    room = group(alice, bob, charlie)
    path = f"/ws/chat/{room}/"
    # asyncio stops reading after 64 KiB that nobody takes; a small window keeps the kernel from taking them instead.
    stalled = await RawLine.open(site, bob, path)
    stalled.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader, speaker = await (await charlie.open(path)).ready(), await (await alice.open(path)).ready()
    hearing = asyncio.create_task(hear_all(reader))
    await talk(speaker)
    heard, longest = await hearing
    assert heard == MESSAGES
    assert longest < 5
    async with asyncio.timeout(10):
        while not any(bob.id in line for line in site.logged('"status": 4408')):
            await asyncio.sleep(0.05)
    back = await (await bob.open(path)).ready()
    await back.send(type="resume", sequence=MESSAGES - 10)
    assert [(await back.hear("message"))["message"]["sequence"] for _ in range(10)] == list(
        range(MESSAGES - 9, MESSAGES + 1)
    )
    assert (await back.hear("resumed"))["count"] == 10
