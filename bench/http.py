"""HTTP figures: a page of 25 messages beside a plain DRF view and Express with pg, and the list of 500 conversations.

Closed loop: each client asks again as soon as it is answered. Paced: each asks once a second, at its own moment.
"""

import argparse
import asyncio
import time
from contextlib import ExitStack
from statistics import median
from typing import cast

import uvloop

from bench import stage
from bench.stage import Server, Speaker, percentile

USERS, SECONDS, ROUNDS = 25, 3.0, 3
PACED_SECONDS = 10.0
MESSAGES, CONVERSATIONS = 500, 500
REPLIED_EACH, REACTED_EACH = 10, 7


class Client(asyncio.Protocol):
    """One kept connection that asks again `pause` seconds after its last question, or at once when that has passed."""

    def __init__(self, path: str, access: str, ends: float, pause: float) -> None:
        self._request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {access}\r\n\r\n").encode()
        self._ends, self._pause, self._buffer = ends, pause, b""
        self.delays: list[float] = []
        self.body = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower().split(b"\r\n")
        size = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        if len(body) < size:
            return
        if b" 200 " not in lines[0]:
            self.done.set_exception(AssertionError(self._buffer.decode()))
            return
        now = time.perf_counter()
        self.delays.append((now - self._asked) * 1e3)
        self.body, self._buffer = body, b""
        if now + self._pause >= self._ends:
            self._transport.close()
            self.done.set_result(None)
        elif self._pause:
            asyncio.get_running_loop().call_later(self._asked + self._pause - now, self.ask)
        else:
            self.ask()


async def load(
    port: int, path: str, people: list[Speaker], seconds: float, *, pause: float = 0.0
) -> tuple[list[float], bytes]:
    """Let each person ask over a connection of their own; returns the delays in ms and a body."""
    loop, ends = asyncio.get_running_loop(), time.perf_counter() + seconds
    clients = [
        (await loop.create_connection(lambda one=one: Client(path, one.access, ends, pause), "127.0.0.1", port))[1]
        for one in people
    ]
    for place, client in enumerate(clients):
        loop.call_later(pause * place / len(clients), client.ask)
    await asyncio.gather(*(client.done for client in clients))
    return [delay for client in clients for delay in client.delays], clients[0].body


def closed_loop(servers: list[tuple[Server, str]], people: list[Speaker]) -> list[float]:
    """Measure servers in turn, several times; prints and returns the median rate of each."""
    found: list[list[tuple[float, float, float, float]]] = [[] for _ in servers]
    sizes = [len(uvloop.run(load(server.port, path, people, 1.0))[1]) for server, path in servers]
    for _ in range(ROUNDS):
        for place, (server, path) in enumerate(servers):
            before = server.processor_seconds()
            delays, _ = uvloop.run(load(server.port, path, people, SECONDS))
            used = (server.processor_seconds() - before) * 1e6 / len(delays)
            found[place].append((len(delays) / SECONDS, percentile(delays, 0.5), percentile(delays, 0.99), used))
    rates = []
    for (server, _), size, rounds in zip(servers, sizes, found, strict=True):
        rate, p50, p99, used = (median(column) for column in zip(*rounds, strict=True))
        print(
            f"  {server.name:28} {rate:8,.0f} requests/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
            f"  {used:7,.0f} µs of its processor  {size:,} bytes"
        )
        rates.append(rate)
    return rates


def paced(server: Server, path: str, people: list[Speaker]) -> None:
    delays, _ = uvloop.run(load(server.port, path, people, PACED_SECONDS, pause=1.0))
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    print(f"  {server.name:28} {len(people)} users, one request a second each: p50 {p50:.1f} ms  p99 {p99:.1f} ms")


def make_messages(room: str, people: list[Speaker]) -> None:
    from lyceum.messaging import services
    from lyceum.messaging.models import Reaction

    ids: list[object] = []
    for n in range(MESSAGES):
        reply_to = ids[-2] if n % REPLIED_EACH == REPLIED_EACH - 1 else None
        text = f"{n} The gossan runs along the contact."
        sent = services.send_message(room, sender=people[n % USERS].user_id, content=text, reply_to=reply_to)  # type: ignore[arg-type]
        ids.append(sent.message_id)
    Reaction.objects.bulk_create(
        Reaction(message_id=message_id, user_id=people[n % USERS].user_id, emoji="👍")
        for n, message_id in enumerate(ids)
        if n % REACTED_EACH == 0
    )


def make_conversations(reader: Speaker, people: list[Speaker]) -> None:
    from lyceum.messaging import services

    for n in range(CONVERSATIONS):
        where = stage.make_room([reader, people[n % USERS]])
        services.send_message(where, sender=people[n % USERS].user_id, content="Are you there?")  # type: ignore[arg-type]


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    people = stage.make_people(USERS + 1)
    readers, reader = people[:USERS], people[-1]
    room = stage.make_room(people)
    make_messages(room, people)
    stage.settle()
    print(stage.machine())
    with ExitStack() as stack:
        ours = stack.enter_context(stage.lyceum(environment))
        page = f"/api/v1/chat/conversations/{room}/messages/?limit=25"
        servers = [(ours, page)]
        if options.peers:
            servers.append((stack.enter_context(stage.plain_view(environment)), f"/rooms/{room}/messages/?limit=25"))
            servers.append((stack.enter_context(stage.express(environment)), f"/rooms/{room}/messages?limit=25"))
        print(f"\n25 messages, {USERS} users, closed loop")
        first, *others = closed_loop(servers, readers)
        for (peer, _), rate in zip(servers[1:], others, strict=True):
            print(f"  ratio to {peer.name}: {first / rate:.2f} ×")
        paced(ours, page, readers)
        print(f"\nThe list of {CONVERSATIONS} conversations, one user, closed loop")
        make_conversations(reader, people)
        stage.settle()
        for limit in (20, 50, 100):
            print(f"  limit={limit}")
            closed_loop([(ours, f"/api/v1/chat/conversations/?limit={limit}")], [reader])
