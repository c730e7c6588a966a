"""Both ways to write: bounded, joined under load, and never waiting for a reader that stops."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lyceum.realtime import writers
from lyceum.realtime.writers import Frame, QueueWriter, TransportWriter

BIG = Frame(b"x" * 32_000)


@pytest.fixture
async def line() -> AsyncIterator[tuple[asyncio.Transport, asyncio.StreamReader]]:
    """A server's transport, and the reader at its other end."""
    arrived: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda _, writer: arrived.set_result(writer), "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.sockets[0].getsockname())
    client.setblocking(False)
    reader, other = await asyncio.open_connection(sock=client, limit=1024)
    yield (await arrived).transport, reader  # type: ignore[misc]
    other.transport.abort()
    (await arrived).transport.abort()
    server.close()
    await asyncio.sleep(0.01)


class Sends:
    """What an application server's `send` was given; it stalls while `is_stalled`."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.is_stalled = False

    async def __call__(self, message: dict[str, Any]) -> None:
        while self.is_stalled:
            await asyncio.sleep(0.01)
        self.frames.append(message)


async def test_a_reader_that_stops_reaches_the_bound_and_is_aborted(
    line: tuple[asyncio.Transport, asyncio.StreamReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "ABORT_AFTER_SECONDS", 0.05)
    transport, _ = line
    writer = TransportWriter(transport, Sends())
    writer.start()
    taken = 0
    async with asyncio.timeout(20):
        while writer.write(BIG):
            taken += 1
            await asyncio.sleep(0)
    assert transport.get_write_buffer_size() + writer._bytes <= writers.MAX_BYTES + 2 * len(BIG.framed)
    assert taken > 10
    await writer.cut_off(4408)
    assert transport.is_closing()
    assert writer.write(BIG) is True
    assert writer._bytes == 0


async def test_frames_before_the_start_are_kept_and_come_after_what_is_put_first(
    line: tuple[asyncio.Transport, asyncio.StreamReader],
) -> None:
    transport, reader = line
    writer = TransportWriter(transport, Sends())
    writer.write(Frame(b"kept"))
    writer.put_first([Frame(b"first")])
    assert transport.get_write_buffer_size() == 0
    writer.start()
    writer.write(Frame(b"at once"))
    sent = b"".join(Frame(text).framed for text in (b"first", b"kept", b"at once"))
    assert await reader.readexactly(len(sent)) == sent


async def test_by_send_the_queue_is_bounded_and_a_stalled_send_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writers, "ABORT_AFTER_SECONDS", 0.05)
    sends = Sends()
    writer = QueueWriter(sends)
    writer.put_first([Frame(b"first")])
    writer.write(Frame(b"kept"))
    writer.start()
    async with asyncio.timeout(5):
        while len(sends.frames) < 2:
            await asyncio.sleep(0)
    assert [frame["text"] for frame in sends.frames] == ["first", "kept"]
    sends.is_stalled = True
    taken = 0
    while writer.write(BIG):
        taken += 1
        await asyncio.sleep(0)
    assert taken <= writers.MAX_BYTES // len(BIG.framed) + 1
    await asyncio.wait_for(writer.cut_off(4408), 1)
    sends.is_stalled = False
    other = QueueWriter(sends)
    other.start()
    other.write(Frame(b"last"))
    await other.close(1000, "")
    assert sends.frames[-2:] == [
        {"type": "websocket.send", "text": "last"},
        {"type": "websocket.close", "code": 1000, "reason": ""},
    ]
