"""Two ways to write frames to a connection; both bounded, neither ever waited for by the hub."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

MAX_FRAMES = 1000
MAX_BYTES = 1024 * 1024
ABORT_AFTER_SECONDS = 2.0
Send = Callable[[dict[str, Any]], Awaitable[None]]


def text_frame(payload: bytes, opcode: int = 0x1) -> bytes:
    """Make an unmasked final frame (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, length) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, length) + payload


class Frame:
    """Payloads that are framed once per process, however many read them; mostly one."""

    __slots__ = ("framed", "payloads")

    def __init__(self, *payloads: bytes) -> None:
        self.payloads = payloads
        self.framed = b"".join(map(text_frame, payloads)) if len(payloads) > 1 else text_frame(payloads[0])

    @classmethod
    def joined(cls, frames: "list[Frame]") -> "Frame":
        """Make one of many, to be written at once."""
        if len(frames) == 1:
            return frames[0]
        joined = cls.__new__(cls)
        joined.payloads = tuple(payload for frame in frames for payload in frame.payloads)
        joined.framed = b"".join([frame.framed for frame in frames])
        return joined


class Writer(Protocol):
    def put_first(self, frames: list[Frame]) -> None:
        """Put frames ahead of what is kept; only before `start`."""

    def start(self) -> None:
        """Begin to write what was given before, and what follows."""

    def write(self, frame: Frame) -> bool:
        """Take a frame; False when the reader is too slow and the bound is reached."""

    async def close(self, code: int, reason: str) -> None:
        """Write what is kept, then close with a code."""

    async def cut_off(self, code: int) -> None:
        """End a reader that is too slow: drop what is kept, say the code if it still can be, wait for nothing long."""


class TransportWriter:
    """Writes frames straight to uvicorn's transport, which joins what is written in one turn of the loop."""

    __slots__ = ("_bytes", "_is_started", "_kept", "_send", "_transport")

    def __init__(self, transport: asyncio.Transport, send: Send) -> None:
        self._transport, self._send = transport, send
        self._kept: list[bytes] = []
        self._bytes = 0
        self._is_started = False

    def put_first(self, frames: list[Frame]) -> None:
        self._kept[:0] = [frame.framed for frame in frames]

    def start(self) -> None:
        self._is_started = True
        if self._kept and not self._transport.is_closing():
            self._transport.write(b"".join(self._kept))
        self._kept.clear()
        self._bytes = 0

    def write(self, frame: Frame) -> bool:
        if self._transport.is_closing():
            # The peer left; until the application has heard of it, uvloop would raise here.
            return True
        if self._is_started:
            self._transport.write(frame.framed)
        else:
            self._kept.append(frame.framed)
            self._bytes += len(frame.framed)
        return self._bytes + self._transport.get_write_buffer_size() <= MAX_BYTES

    async def close(self, code: int, reason: str) -> None:
        self.start()
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def cut_off(self, code: int) -> None:
        self._kept.clear()
        if not self._transport.is_closing():
            self._transport.write(text_frame(struct.pack("!H", code), opcode=0x8))
            await asyncio.sleep(ABORT_AFTER_SECONDS)
        # Closing would wait behind what the reader does not take.
        self._transport.abort()


class QueueWriter:
    """Writes by ASGI `send` from one task; for servers that do not give their transport."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._first: list[Frame] = []
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def put_first(self, frames: list[Frame]) -> None:
        self._first = frames

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def write(self, frame: Frame) -> bool:
        for payload in frame.payloads:
            self._queue.put_nowait(payload)
            self._bytes += len(payload)
        return self._queue.qsize() <= MAX_FRAMES and self._bytes <= MAX_BYTES

    async def _run(self) -> None:
        for payload in (payload for frame in self._first for payload in frame.payloads):
            await self._send({"type": "websocket.send", "text": payload.decode()})
        while True:
            payload = await self._queue.get()
            self._bytes -= len(payload)
            try:
                await self._send({"type": "websocket.send", "text": payload.decode()})
            except (OSError, RuntimeError):
                return
            finally:
                self._queue.task_done()

    async def close(self, code: int, reason: str) -> None:
        if self._task is None:
            self.start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), ABORT_AFTER_SECONDS)
        if self._task is not None:
            self._task.cancel()
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def cut_off(self, code: int) -> None:
        if self._task is not None:
            self._task.cancel()
        with contextlib.suppress(TimeoutError, OSError, RuntimeError):
            closing = self._send({"type": "websocket.close", "code": code, "reason": ""})
            await asyncio.wait_for(closing, ABORT_AFTER_SECONDS)
