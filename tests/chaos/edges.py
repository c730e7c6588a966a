"""TCP proxies in a thread of their own: the network between two parties, with everything that goes wrong there."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import free_port

ACKNOWLEDGEMENT = b'{"type":"user_message_received"'
CHUNK = 65_536


class Filter:
    """Takes acknowledgements out of what a server says over a WebSocket; all else passes as it is."""

    def __init__(self, edge: "Edge") -> None:
        self._edge, self._buffer, self._is_socket = edge, bytearray(), None

    def __call__(self, data: bytes) -> bytes:
        if self._is_socket is False:
            return data
        self._buffer += data
        head = b""
        if self._is_socket is None:
            end = self._buffer.find(b"\r\n\r\n") + 4
            if end < 4:
                return b""
            self._is_socket = self._buffer.startswith(b"HTTP/1.1 101")
            head = bytes(self._buffer[: end if self._is_socket else None])
            del self._buffer[: len(head)]
        return head + b"".join(self._frames())

    def _frames(self) -> Iterator[bytes]:
        """Cut whole frames off the buffer; a server's are not masked (RFC 6455, section 5.2)."""
        at, buffer = 0, self._buffer
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1] & 0x7F, at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(buffer[at + 2 : start])
            if len(buffer) < start + size:
                break
            if not self._edge.drops(bytes(buffer[start : start + len(ACKNOWLEDGEMENT)])):
                yield bytes(buffer[at : start + size])
            at = start + size
        del buffer[:at]


@dataclass
class Edge:
    """A port in front of a server; its faults are switched on and off while connections live."""

    target: int
    seed: int = 0
    port: int = field(default_factory=free_port)
    # Seconds that each piece waits, share of acknowledgements that get lost, and whether newcomers are turned away.
    latency: float = 0.0
    acknowledgements_dropped: float = 0.0
    refuses: bool = False
    dropped: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._open: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"edge-{self.port}", daemon=True)

    def start(self) -> "Edge":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK, backlog=2048)

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            self._abort_all()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection with a reset."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def stall(self) -> None:
        """Let nothing through, and tell nobody."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def heal(self) -> None:
        """Let everything through again, what was held back included."""
        self.latency, self.acknowledgements_dropped, self.refuses = 0.0, 0.0, False
        self._loop.call_soon_threadsafe(self._flows.set)

    def drops(self, beginning: bytes) -> bool:
        share = self.acknowledgements_dropped
        if not share or beginning != ACKNOWLEDGEMENT or self._rng.random() >= share:
            return False
        self.dropped += 1
        return True

    def _abort_all(self) -> None:
        for transport in list(self._open):
            transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        transports: set[Any] = {writer.transport, forth.transport}
        self._open |= transports
        try:
            pumps = [
                asyncio.ensure_future(self._pump(reader, forth, bytes)),
                asyncio.ensure_future(self._pump(back, writer, Filter(self))),
            ]
            # Nothing here is half closed for long: when one side has ended, so has the other.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._open -= transports
            for end in (writer, forth):
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, through: Any) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flows.wait()
                if self.latency:
                    await asyncio.sleep(self.latency)
                writer.write(through(data))
                await writer.drain()
