"""Real-time figures, beside peers: fan-out in one room, 500 durable rooms of two, a quiet room; opening, people."""

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import uvloop

from bench import stage
from bench.lines import ChannelsLine, Line, LyceumLine, SocketIoLine, WsLine, open_all
from bench.people import AT_ONCE, chat, open_many
from bench.report import Report
from bench.stage import Server, Speaker, percentile

TEXT = "The gossan at Widgiemooltha runs along the ultramafic contact for about two hundred metres."
SENDERS = 5
SAMPLE_EACH = 20
STEP_SECONDS = 3.0
LIMIT_MS = 100.0
# More load is spared a server that is so late.
HOPELESS_MS = 1000.0
# Every server is first given this load, at which their processor time is compared; one that it floods is started
# anew with less.
LIGHT_FRAMES = (20_000, 5_000, 1_250)
GROWTH = 1.6
# Between the heaviest load that held and the first that did not, a last one is tried.
LAST_GROWTH = 1.26
# What else the machine does can spoil a step; only a load that fails this often is too much.
TRIES = 2
ROOMS, MESSAGES_A_ROOM = 500, 20
ACTIVE_ROOMS = (50, 125, 250, 500)
TURNS = 3
CONNECTS, CHATTERS = 1050, 25
Make = list[Callable[[], Line]]
Start = Callable[[], AbstractContextManager[Server]]
Servers = list[tuple[str, Start, Make]]
LYCEUM, CEILING = "Lyceum", "the load generator's ceiling"


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


async def fan_out(server: Server, make: Make, frames: float) -> list[Step]:
    """Raise the rate until a frame in a hundred is late; returns the loads that held, or the first that did not."""
    lines = await open_all(server.port, make)
    rate = frames / len(lines)
    await fan_out_step(server, lines, rate)  # warms the server up
    steps = [await try_step(server, lines, rate)]
    growth = GROWTH
    while steps[-1].holds:
        await asyncio.sleep(0.5)
        step = await try_step(server, lines, steps[-1].rate * growth)
        if step.holds:
            steps.append(step)
        if growth == LAST_GROWTH:
            break
        if not step.holds:
            growth = LAST_GROWTH
    for line in lines:
        line.transport.close()
    await asyncio.sleep(1)
    return steps


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
    found: list[tuple[float, float]] = []
    for active in ACTIVE_ROOMS:
        found.append(await talk_in_turn(lines[: 2 * active]))
        if found[-1][1] > HOPELESS_MS:
            break
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


async def most(server: Server, count: int) -> float:
    """Return the frames a second that this load generator takes from a server that only writes."""
    lines = await open_all(server.port, [lambda n=n: LyceumLine("", "", samples=is_sampled(n)) for n in range(count)])
    await asyncio.sleep(2)
    before = sum(line.delivered for line in lines)
    await asyncio.sleep(STEP_SECONDS)
    found = (sum(line.delivered for line in lines) - before) / STEP_SECONDS
    for line in lines:
        line.transport.close()
    return found


def is_sampled(n: int) -> bool:
    return n < SENDERS or n % SAMPLE_EACH == 0


def room_lines(people: list[Speaker], room: str) -> Make:
    return [
        lambda person=person, n=n: LyceumLine(person.ticket(), room, samples=is_sampled(n))
        for n, person in enumerate(people)
    ]


def peer_lines(kind: type[SocketIoLine | WsLine | ChannelsLine], count: int) -> Make:
    return [lambda n=n: kind("bench", samples=is_sampled(n)) for n in range(count)]


def report_fan_out(
    environment: dict[str, str], people: list[Speaker], listeners: int, report: Report, peers: bool
) -> None:
    count, part = listeners + SENDERS, f"fan-out {listeners}"
    members = people[:count]
    room = stage.make_room(members)
    report.title(f"Fan-out, {listeners} listeners (p99 under {LIMIT_MS:.0f} ms)")
    with report.attempt(part, CEILING), stage.ceiling() as server:
        rate = report.measure(most(server, count))
        report.add(part, server.name, f"{rate:9,.0f} frames/s", frames=rate)
    servers: Servers = [(LYCEUM, partial(stage.lyceum, environment), room_lines(members, room))]
    if peers:
        servers.append(("Socket.IO", partial(stage.socket_io, environment, "none"), peer_lines(SocketIoLine, count)))
        servers.append(("ws", partial(stage.plain_ws, environment, "none"), peer_lines(WsLine, count)))
    if peers and stage.has_channels():
        start = partial(stage.channels, environment, "none")
        servers.append(("Channels tutorial", start, peer_lines(ChannelsLine, count)))
    ours: list[Step] = []
    for name, start, make in servers:
        with report.attempt(part, name):
            steps = all_that_hold(report, start, make)
            add_fan_out(report, part, name, steps[0], steps[-1])
            if name == LYCEUM:
                ours = steps
            elif ours:
                print_ratio(ours, steps)


def all_that_hold(report: Report, start: Start, make: Make) -> list[Step]:
    """Find what a server carries, with a fresh one for every load that it is first given."""
    for frames in LIGHT_FRAMES:
        with start() as server:
            steps = report.measure(fan_out(server, make, frames))
        if steps[-1].holds:
            break
    return steps


def add_fan_out(report: Report, part: str, name: str, light: Step, best: Step) -> None:
    line = (
        f"{best.frames:9,.0f} frames/s  p50 {best.p50:6.1f} ms  p99 {best.p99:6.1f} ms"
        f"  {best.processor_us:6.1f} µs of processor a frame"
        f"  | at {light.rate:.0f} messages/s: p99 {light.p99:.1f} ms, {light.processor_us:.1f} µs"
    )
    gaps = "" if best.is_complete else ", not all delivered"
    late = f"FAILED at {light.rate:.1f} messages/s: {best.frames:,.0f} frames/s, p99 {best.p99:.0f} ms{gaps}"
    report.add(
        part,
        name,
        line if best.holds else late,
        frames=best.frames,
        held=best.holds,
        p50_ms=best.p50,
        p99_ms=best.p99,
        processor_us=best.processor_us,
        light_rate=light.rate,
        light_p99_ms=light.p99,
        light_processor_us=light.processor_us,
    )


def print_ratio(ours: list[Step], theirs: list[Step]) -> None:
    """Compare the heaviest loads, and the processor time of a frame at the lightest and heaviest that both carried."""
    if not (ours[-1].holds and theirs[-1].holds):
        return
    words = f"    ratio: {ours[-1].frames / theirs[-1].frames:.2f} × the frames"
    our_costs = {round(step.rate): step.processor_us for step in ours}
    shares = {
        round(step.rate): our_costs[round(step.rate)] / step.processor_us
        for step in theirs
        if round(step.rate) in our_costs
    }
    for rate in sorted({min(shares), max(shares)}) if shares else ():
        words += f", at {rate} messages/s {shares[rate]:.2f} × the processor time a frame"
    print(words)


def report_rooms(environment: dict[str, str], people: list[Speaker], report: Report, peers: bool) -> None:
    pairs = [people[2 * n : 2 * n + 2] for n in range(ROOMS)]
    rooms = [stage.make_room(pair) for pair in pairs]
    make: Make = [
        partial(lambda person, room: LyceumLine(person.ticket(), room), person, room)
        for pair, room in zip(pairs, rooms, strict=True)
        for person in pair
    ]
    report.title(f"{ROOMS} rooms of two, every message committed before it is acknowledged")
    servers: Servers = [(LYCEUM, partial(stage.lyceum, environment), make)]
    for store in ("batch", "each") if peers else ():
        theirs: Make = [partial(SocketIoLine, f"room{n // 2}") for n in range(2 * ROOMS)]
        name = f"Socket.IO, {'batched inserts' if store == 'batch' else 'insert each'}"
        servers.append((name, partial(stage.socket_io, environment, store), theirs))
    if peers:
        theirs = [partial(WsLine, f"room{n // 2}") for n in range(2 * ROOMS)]
        servers.append(("ws, batched inserts", partial(stage.plain_ws, environment, "batch"), theirs))
    if peers and stage.has_channels():
        theirs = [partial(ChannelsLine, f"room{n // 2}") for n in range(2 * ROOMS)]
        servers.append(("Channels tutorial, insert each", partial(stage.channels, environment, "each"), theirs))
    ours = 0.0
    for name, start, lines in servers:
        with report.attempt("rooms", name):
            with start() as server:
                rate, p99 = report.measure(rooms_of_two(server, lines))
            ours = rate if name == LYCEUM else ours
            ratio = f"  (ours: {ours / rate:.2f} ×)" if ours else ""
            late = "" if p99 < LIMIT_MS else "  (late)"
            line = f"{rate:9,.0f} messages/s  acknowledged p99 {p99:6.1f} ms{late}{ratio}"
            report.add("rooms", name, line, messages=rate, p99_ms=p99)


def report_quiet(environment: dict[str, str], people: list[Speaker], report: Report, peers: bool) -> None:
    room = stage.make_room(people[:2])
    report.title("A quiet room, from send to delivery")
    servers: Servers = [(LYCEUM, partial(stage.lyceum, environment), room_lines(people[:2], room))]
    if peers:
        servers.append(("Socket.IO", partial(stage.socket_io, environment, "none"), peer_lines(SocketIoLine, 2)))
    found: dict[str, list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        started = []
        for name, start, make in servers:
            with report.attempt("quiet", name):
                started.append((name, stack.enter_context(start()), make))
        for _ in range(TURNS):
            for name, server, make in started:
                with report.attempt("quiet", name):
                    found.setdefault(name, []).append(report.measure(quiet(server, make)))
    for name, turns in found.items():
        p50, p99 = (median(values) for values in zip(*turns, strict=True))
        report.add("quiet", name, f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms (medians of {TURNS})", p50_ms=p50, p99_ms=p99)


def report_opening(environment: dict[str, str], people: list[Speaker], report: Report, parts: list[str]) -> None:
    room = stage.make_room(people[:2])
    for n in range(2, len(people), 2):
        stage.make_room(people[n : n + 2])
    report.title(f"{len(people) - AT_ONCE} sockets with tickets, {AT_ONCE} opening at once")
    with report.attempt("connect", LYCEUM):
        with stage.lyceum(environment) as server:
            found = report.measure(open_many(server, people, room))
        if "connect" in parts:
            line = (
                f"{found.rate:9,.0f} a second, p95 {found.p95_ms:.1f} ms, {found.processor_ms:.2f} ms of processor each"
            )
            report.add("connect", LYCEUM, line, rate=found.rate, p95_ms=found.p95_ms, processor_ms=found.processor_ms)
        if "idle" in parts:
            line = f"{found.kilobytes:9.1f} KB each while they are idle"
            report.add("idle", f"{LYCEUM}, idle", line, kilobytes=found.kilobytes)


def report_people(environment: dict[str, str], people: list[Speaker], report: Report, minutes: float) -> None:
    room = stage.make_room(people)
    report.title(f"{len(people)} people who chat for {minutes:g} minutes")
    with report.attempt("people", LYCEUM):
        with stage.lyceum(environment) as server:
            found = uvloop.run(chat(server, people, room, minutes * 60))
        line = (
            f"connect p95 {found.connect_p95:.1f} ms, acknowledged p95 {found.acknowledged_p95:.1f} ms, delivery p50"
            f" {found.delivery_p50:.1f} ms and p95 {found.delivery_p95:.1f} ms,"
            f" {found.share:.2%} of {found.sent} delivered"
        )
        report.add("people", LYCEUM, line, **vars(found))


def allow_many_sockets() -> None:
    """Take as many open files as this process may have, for itself and for the servers that it starts."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    allow_many_sockets()
    people = stage.make_people(max(2 * ROOMS, max(options.listeners) + SENDERS))
    stage.settle()
    report = Report(options.most_minutes)
    print(report.figures["machine"])
    if "quiet" in options.only:
        report_quiet(environment, people, report, options.peers)
    for listeners in options.listeners if "fan-out" in options.only else ():
        if report.has_time(f"fan-out {listeners}"):
            report_fan_out(environment, people, listeners, report, options.peers)
    if "rooms" in options.only and report.has_time("rooms"):
        report_rooms(environment, people, report, options.peers)
    if {"connect", "idle"} & set(options.only) and report.has_time("connect, idle"):
        report_opening(environment, stage.make_people(CONNECTS), report, options.only)
    if "people" in options.only and report.has_time("people"):
        report_people(environment, stage.make_people(CHATTERS), report, options.people_minutes)
    if options.json:
        Path(options.json).write_text(json.dumps(report.figures, indent=2) + "\n")
