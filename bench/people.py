"""Sockets as people have them: how fast they open, what an idle one costs, and 25 people who chat for minutes."""

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path

from bench.lines import LyceumLine, open_all
from bench.stage import Server, Speaker, percentile

TEXT = "I walked the creek bed this morning: the laterite is deeper than the old map says."
AT_ONCE = 50
SETTLE_SECONDS = 3.0
# How long a person waits before the next message, and types it.
PAUSE_SECONDS, TYPING_SECONDS = (5.0, 25.0), 2.0


def resident_kilobytes(server: Server) -> float:
    """Return the memory that a process holds (proc(5), VmRSS)."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    raise ValueError("no VmRSS")


@dataclass
class Opened:
    """Sockets a second, how long one took at the 95th percentile, and the memory of one when it is idle."""

    rate: float
    p95_ms: float
    processor_ms: float
    kilobytes: float


async def open_many(server: Server, people: list[Speaker], room: str) -> Opened:
    """Open a socket for each with a ticket, so many at once, and leave them idle."""
    warm = await open_all(server.port, [lambda p=p: LyceumLine(p.ticket(), room) for p in people[:AT_ONCE]])
    for line in warm:
        line.transport.close()
    await asyncio.sleep(1)
    people = people[AT_ONCE:]
    tickets = [person.ticket() for person in people]
    memory, processor, began = resident_kilobytes(server), server.processor_seconds(), time.perf_counter()
    makers = [lambda ticket=ticket: LyceumLine(ticket, room) for ticket in tickets]
    took: list[float] = []
    lines = await open_all(server.port, makers, at_once=AT_ONCE, took=took)
    seconds = time.perf_counter() - began
    used = server.processor_seconds() - processor
    await asyncio.sleep(SETTLE_SECONDS)
    held = resident_kilobytes(server) - memory
    for line in lines:
        line.transport.close()
    count = len(people)
    return Opened(count / seconds, percentile(took, 0.95) * 1000, used * 1000 / count, held / count)


@dataclass
class Chatted:
    """What people who chatted for a while met with; times in ms, `share` of what was due."""

    connect_p95: float
    acknowledged_p95: float
    delivery_p50: float
    delivery_p95: float
    sent: int
    share: float


async def chat(server: Server, people: list[Speaker], room: str, seconds: float) -> Chatted:
    """Let people type, send and wait, each at their own pace, and count what everybody heard."""
    took: list[float] = []
    lines = await open_all(
        server.port, [lambda p=p: LyceumLine(p.ticket(), room) for p in people], at_once=1, took=took
    )
    ends, chance = time.monotonic() + seconds, random.Random(7)  # the same talk each time
    sent = 0

    async def talk(line: LyceumLine) -> None:
        nonlocal sent
        while True:
            await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
            if time.monotonic() > ends:
                return
            line.type()
            await asyncio.sleep(TYPING_SECONDS)
            line.say(TEXT)
            sent += 1

    await asyncio.gather(*(talk(line) for line in lines))  # type: ignore[arg-type]
    await asyncio.sleep(2)
    delays = [delay for line in lines for delay in line.delays]
    waits = [delay for line in lines for delay in line.acknowledged]
    for line in lines:
        line.transport.close()
    due = sent * (len(people) - 1)
    return Chatted(
        percentile(took, 0.95) * 1000,
        percentile(waits, 0.95),
        percentile(delays, 0.5),
        percentile(delays, 0.95),
        sent,
        len(delays) / max(due, 1),
    )
