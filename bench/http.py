"""HTTP figures: a page of 25 messages beside a plain DRF view, and the list of 500 conversations."""

import argparse
import asyncio
import time
from typing import cast

import uvloop

from bench import stage
from bench.stage import Server, Speaker, percentile

USERS, SECONDS = 25, 6.0
MESSAGES = 500
CONVERSATIONS = 500


class Client(asyncio.Protocol):
    """One kept connection that asks again as soon as it is answered."""

    def __init__(self, path: str, access: str, ends: float) -> None:
        self._request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {access}\r\n\r\n").encode()
        self._ends, self._buffer = ends, b""
        self.delays: list[float] = []
        self.body = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
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
        self.delays.append((time.perf_counter() - self._asked) * 1e3)
        self.body, self._buffer = body, b""
        if time.perf_counter() < self._ends:
            self._ask()
        else:
            self._transport.close()
            self.done.set_result(None)


async def load(port: int, path: str, people: list[Speaker], seconds: float) -> tuple[list[float], bytes]:
    loop, ends = asyncio.get_running_loop(), time.perf_counter() + seconds
    clients = [
        (await loop.create_connection(lambda person=person: Client(path, person.access, ends), "127.0.0.1", port))[1]
        for person in people
    ]
    await asyncio.gather(*(client.done for client in clients))
    return [delay for client in clients for delay in client.delays], clients[0].body


def measure(server: Server, path: str, people: list[Speaker]) -> float:
    uvloop.run(load(server.port, path, people, 1.0))
    delays, body = uvloop.run(load(server.port, path, people, SECONDS))
    rate = len(delays) / SECONDS
    print(
        f"  {server.name:28} {rate:8,.0f} requests/s  p50 {percentile(delays, 0.5):6.1f} ms"
        f"  p99 {percentile(delays, 0.99):6.1f} ms  {len(body):,} bytes"
    )
    return rate


def run(environment: dict[str, str], options: argparse.Namespace) -> None:
    from lyceum.messaging import services

    people = stage.make_people(USERS + 1)
    room = stage.make_room(people)
    for n in range(MESSAGES):
        services.send_message(room, sender=people[n % USERS].user_id, content=f"{n} The gossan runs along the contact.")  # type: ignore[arg-type]
    print(stage.machine())
    print(f"\n25 messages, {USERS} users at once")
    with stage.lyceum(environment) as server:
        ours = measure(server, f"/api/v1/chat/conversations/{room}/messages/?limit=25", people[:USERS])
    if options.peers:
        with stage.plain_view(environment) as server:
            theirs = measure(server, f"/rooms/{room}/messages/?limit=25", people[:USERS])
        print(f"  ratio: {ours / theirs:.2f} ×")
    print(f"\nThe first page of {CONVERSATIONS} conversations, one user")
    reader = people[-1]
    for n in range(CONVERSATIONS):
        where = stage.make_room([reader, people[n % USERS]])
        services.send_message(where, sender=people[n % USERS].user_id, content="Are you there?")  # type: ignore[arg-type]
    with stage.lyceum(environment) as server:
        for limit in (50, 100):
            print(f"  limit={limit}")
            measure(server, f"/api/v1/chat/conversations/?limit={limit}", [reader])
