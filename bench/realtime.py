"""Real-time figures: fan-out in one room, 500 durable rooms of two, a quiet room; beside Socket.IO."""

import argparse
import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import uvloop

from bench import stage
from bench.lines import Line, LyceumLine, SocketIoLine, open_all
from bench.stage import Server, Speaker, percentile

TEXT = "The gossan at Widgiemooltha runs along the ultramafic contact for about two hundred metres."
SENDERS = 5
SAMPLE_EACH = 20
STEP_SECONDS = 3.0
LIMIT_MS = 100.0
GROWTH = 1.5
# What else the machine does can spoil a step; only a load that fails this often is too much.
TRIES = 3
ROOMS, MESSAGES_A_ROOM = 500, 20
ACTIVE_ROOMS = (50, 125, 250, 500)
Make = list[Callable[[], Line]]


@dataclass
class Step:
    """One load that a server carried: deliveries a second, delays of the sampled ones, processor time for each."""

    rate: float
    frames: float
    p50: float
    p99: float
    processor_us: float
    is_complete: bool

    @property
    def holds(self) -> bool:
        return self.is_complete and self.p99 < LIMIT_MS


async def say_at(lines: list[Line], rate: float, seconds: float) -> int:
    """Send at a steady rate, whatever comes back; returns how many were sent."""
    began, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while sent < passed * rate:
            lines[sent % SENDERS].say(TEXT)  # type: ignore[attr-defined]
            sent += 1
        await asyncio.sleep(0.001)
    return sent


async def fan_out_step(server: Server, lines: list[Line], rate: float) -> Step:
    for line in lines:
        line.delays.clear()
        line.delivered = 0
    before = server.processor_seconds()
    sent = await say_at(lines, rate, STEP_SECONDS)
    due, ends = sent * (len(lines) - 1), time.perf_counter() + 3
    while (delivered := sum(line.delivered for line in lines)) < due and time.perf_counter() < ends:
        await asyncio.sleep(0.02)
    delays = [delay for line in lines for delay in line.delays]
    used = server.processor_seconds() - before
    return Step(
        rate,
        delivered / STEP_SECONDS,
        percentile(delays, 0.5),
        percentile(delays, 0.99),
        used * 1e6 / max(delivered, 1),
        delivered == due,
    )


async def try_step(server: Server, lines: list[Line], rate: float) -> Step:
    for _ in range(TRIES):
        step = await fan_out_step(server, lines, rate)
        if step.holds:
            break
        await asyncio.sleep(1)
    return step


async def fan_out(server: Server, make: Make) -> tuple[Step, Step]:
    """Raise the rate until a frame in a hundred is late; returns a light load and the heaviest that held."""
    lines = await open_all(server.port, make)
    rate = max(5.0, 2000 / len(lines))
    await fan_out_step(server, lines, rate)  # warms the server up
    light = best = await try_step(server, lines, rate)
    while best.holds:
        rate *= GROWTH
        step = await try_step(server, lines, rate)
        if not step.holds:
            break
        best = step
        await asyncio.sleep(0.5)
    for line in lines:
        line.transport.close()
    await asyncio.sleep(1)
    return light, best


async def quiet(server: Server, make: Make) -> tuple[float, float]:
    """One message each 50 ms between two people; returns p50 and p99 of the delay in ms."""
    one, other = await open_all(server.port, make)
    for _ in range(100):
        one.say(TEXT)  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    one.transport.close()
    other.transport.close()
    return percentile(other.delays, 0.5), percentile(other.delays, 0.99)


async def rooms_of_two(server: Server, make: Make) -> tuple[float, float]:
    """Let ever more rooms talk at once; returns the most messages a second with p99 in bounds, and that p99."""
    lines = await open_all(server.port, make)
    await talk_in_turn(lines[: 2 * ACTIVE_ROOMS[0]])  # warms the server up
    found = [await talk_in_turn(lines[: 2 * active]) for active in ACTIVE_ROOMS]
    for line in lines:
        line.transport.close()
    await asyncio.sleep(1)
    held = [result for result in found if result[1] < LIMIT_MS]
    return max(held) if held else found[0]


async def talk_in_turn(lines: list[Line]) -> tuple[float, float]:
    """In every room one person sends as soon as the last message is acknowledged; returns messages a second, p99."""
    speakers = lines[::2]
    finished = asyncio.Event()
    left = len(speakers)

    def go_on(line: Line) -> None:
        nonlocal left
        if len(line.acknowledged) < MESSAGES_A_ROOM:
            line.say(TEXT)  # type: ignore[attr-defined]
        else:
            left -= 1
            if not left:
                finished.set()

    for line in lines:
        line.acknowledged.clear()
        line.delivered = 0
    began = time.perf_counter()
    for line in speakers:
        line.on_acknowledged = partial(go_on, line)
        line.say(TEXT)  # type: ignore[attr-defined]
    async with asyncio.timeout(120):
        await finished.wait()
    seconds = time.perf_counter() - began
    await asyncio.sleep(1)
    heard = sum(line.delivered for line in lines[1::2])
    assert heard == len(speakers) * MESSAGES_A_ROOM, f"{heard} messages were delivered"
    delays = [delay for line in speakers for delay in line.acknowledged]
    return len(delays) / seconds, percentile(delays, 0.99)


def room_lines(people: list[Speaker], room: str) -> Make:
    return [
        lambda person=person, samples=(n < SENDERS or n % SAMPLE_EACH == 0): LyceumLine(
            person.ticket(), room, samples=samples
        )
        for n, person in enumerate(people)
    ]


def peer_lines(count: int, room: str) -> Make:
    return [
        lambda samples=(n < SENDERS or n % SAMPLE_EACH == 0): SocketIoLine(room, samples=samples) for n in range(count)
    ]


Servers = list[tuple[Callable[[], AbstractContextManager[Server]], Callable[[int], Make]]]


def report_fan_out(environment: dict[str, str], people: list[Speaker], listeners: int, *, peers: bool) -> None:
    count = listeners + SENDERS
    members = people[:count]
    room = stage.make_room(members)
    found = []
    with stage.lyceum(environment) as server:
        found.append((server.name, *uvloop.run(fan_out(server, room_lines(members, room)))))
    if peers:
        with stage.socket_io(environment, "none") as server:
            found.append((server.name, *uvloop.run(fan_out(server, peer_lines(count, "bench")))))
    print(f"\nFan-out, {listeners} listeners (p99 under {LIMIT_MS:.0f} ms)")
    for name, light, best in found:
        print(
            f"  {name:28} {best.frames:9,.0f} frames/s  p50 {best.p50:6.1f} ms  p99 {best.p99:6.1f} ms"
            f"  {best.processor_us:6.1f} µs of processor a frame"
            f"  | at {light.rate:.0f} messages/s: p99 {light.p99:.1f} ms, {light.processor_us:.1f} µs"
        )
    if peers:
        ours, theirs = found[0], found[1]
        print(
            f"  ratio: {ours[2].frames / theirs[2].frames:.2f} × the frames,"
            f" {ours[2].processor_us / theirs[2].processor_us:.2f} × the processor time a frame"
        )


def report_rooms(environment: dict[str, str], people: list[Speaker], *, peers: bool) -> None:
    pairs = [people[2 * n : 2 * n + 2] for n in range(ROOMS)]
    rooms = [stage.make_room(pair) for pair in pairs]
    make: Make = [
        partial(lambda person, room: LyceumLine(person.ticket(), room), person, room)
        for pair, room in zip(pairs, rooms, strict=True)
        for person in pair
    ]
    found = []
    with stage.lyceum(environment) as server:
        found.append((server.name, *uvloop.run(rooms_of_two(server, make))))
    for store in ("batch", "each") if peers else ():
        with stage.socket_io(environment, store) as server:
            theirs: Make = [partial(SocketIoLine, f"room{n // 2}") for n in range(2 * ROOMS)]
            found.append((server.name, *uvloop.run(rooms_of_two(server, theirs))))
    print(f"\n{ROOMS} rooms of two, every message committed before it is acknowledged")
    for name, rate, p99 in found:
        print(
            f"  {name:28} {rate:9,.0f} messages/s  acknowledged p99 {p99:6.1f} ms  (ours: {found[0][1] / rate:.2f} ×)"
        )


def report_quiet(environment: dict[str, str], people: list[Speaker], *, peers: bool) -> None:
    room = stage.make_room(people[:2])
    print("\nA quiet room, from send to delivery")
    with stage.lyceum(environment) as server:
        p50, p99 = uvloop.run(quiet(server, room_lines(people[:2], room)))
        print(f"  {server.name:28} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
    if peers:
        with stage.socket_io(environment, "none") as server:
            p50, p99 = uvloop.run(quiet(server, peer_lines(2, "quiet")))
            print(f"  {server.name:28} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  (stores nothing)")


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    people = stage.make_people(max(2 * ROOMS, max(options.listeners) + SENDERS))
    print(stage.machine())
    report_quiet(environment, people, peers=options.peers)
    for listeners in options.listeners:
        report_fan_out(environment, people, listeners, peers=options.peers)
    report_rooms(environment, people, peers=options.peers)
