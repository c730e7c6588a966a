"""WebSocket clients that cost little: what is measured is the server, not its audience (RFC 6455)."""

import asyncio
import base64
import json
import os
import re
from collections.abc import Callable
from time import perf_counter_ns
from typing import cast

STAMP = re.compile(rb"t:(\d+):")
MARK = b"t:"
PING = b"\x89"
OPENING_SECONDS = 30


def stamped(text: str) -> str:
    """Begin a text with the moment of sending, which every copy of it carries."""
    return f"t:{perf_counter_ns()}:{text}"


def stamp_now() -> bytes:
    return stamped("x").encode()


def age_ms(frame: bytes) -> float:
    found = STAMP.search(frame)
    assert found is not None, frame[:200]
    return (perf_counter_ns() - int(found.group(1))) / 1e6


class Line(asyncio.Protocol):
    """One socket. A line that `samples` reads every frame; another only counts the messages that pass."""

    def __init__(self, *, samples: bool) -> None:
        self.samples = samples
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.delays: list[float] = []
        self.acknowledged: list[float] = []
        self.on_acknowledged: Callable[[], None] = lambda: None
        self.delivered = 0
        self.is_lost = False
        self._buffer = bytearray()
        self._tail = b""
        self._is_open = False
        self.transport: asyncio.Transport

    def request(self) -> tuple[str, str]:
        """Return the path and the offered subprotocols."""
        raise NotImplementedError

    def read(self, frame: bytes) -> None:
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        path, offered = self.request()
        key = base64.b64encode(os.urandom(16)).decode()
        extra = f"Sec-WebSocket-Protocol: {offered}\r\n" if offered else ""
        self.transport.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if not self.is_ready.done():
            self.is_ready.set_exception(ConnectionError("the server closed the socket"))

    def send(self, text: str) -> None:
        if self.is_lost:
            return  # cut off under too much load; what it lacks shows in the count
        # A mask of zeros is a mask: the payload stands as it is.
        payload = text.encode()
        size = len(payload)
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + payload)

    def _answer_ping(self, data: bytes) -> None:
        """Answer the server's ping, found by a byte that no text of these benchmarks holds."""
        at = data.find(PING)
        if at >= 0 and len(data) >= at + 2 + data[at + 1]:
            payload = data[at + 2 : at + 2 + data[at + 1]]
            self.transport.write(bytes([0x8A, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)

    def data_received(self, data: bytes) -> None:
        if self._is_open:
            self._answer_ping(data)
        if self._is_open and self.is_ready.done() and not self.samples:
            self.delivered += (self._tail + data).count(MARK)
            self._tail = data[-1:]
            return
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer[:200])
            del self._buffer[: end + 4]
            self._is_open = True
        self._frames()

    def _frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + size:
                break
            if buffer[at] & 0x0F == 1:
                self.read(bytes(buffer[start : start + size]))
            at = start + size
        del buffer[:at]

    def _deliver(self, frame: bytes) -> None:
        self.delivered += 1
        self.delays.append(age_ms(frame))

    def _acknowledge(self, frame: bytes) -> None:
        self.acknowledged.append(age_ms(frame))
        self.on_acknowledged()


class LyceumLine(Line):
    def __init__(self, ticket: str, room: str, *, samples: bool = True) -> None:
        super().__init__(samples=samples)
        self._ticket, self._room = ticket, room

    def request(self) -> tuple[str, str]:
        return "/ws/", f"lyceum.v1, ticket.{self._ticket}"

    def say(self, text: str) -> None:
        self.send(json.dumps({"type": "user_message", "conversation": self._room, "message": stamped(text)}))

    def type(self) -> None:
        self.send(json.dumps({"type": "typing_indicator", "conversation": self._room, "is_typing": True}))

    def read(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"message"'):
            self._deliver(frame)
        elif frame.startswith(b'{"type":"user_message_received"'):
            self._acknowledge(frame)
        elif frame.startswith(b'{"type":"connection_established"'):
            self.is_ready.set_result(None)
        elif frame.startswith(b'{"type":"error"'):
            raise AssertionError(frame.decode())


class SocketIoLine(Line):
    """Engine.IO 4 and Socket.IO 5 over a WebSocket (socket.io's protocol documents)."""

    def __init__(self, room: str, *, samples: bool = True) -> None:
        super().__init__(samples=samples)
        self._room = room

    def request(self) -> tuple[str, str]:
        return "/socket.io/?EIO=4&transport=websocket", ""

    def say(self, text: str) -> None:
        self.send("421" + json.dumps(["message", {"room": self._room, "text": stamped(text)}]))

    def read(self, frame: bytes) -> None:
        if frame.startswith(b'42["message"'):
            self._deliver(frame)
        elif frame.startswith(b"431"):
            self._acknowledge(frame)
        elif frame.startswith(b"430"):
            self.is_ready.set_result(None)
        elif frame.startswith(b"40"):
            self.send("420" + json.dumps(["join", self._room]))
        elif frame.startswith(b"0"):
            self.send("40")
        elif frame == b"2":
            self.send("3")


class WsLine(Line):
    """The peer on plain `ws`."""

    def __init__(self, room: str, *, samples: bool = True) -> None:
        super().__init__(samples=samples)
        self._room = room
        self._has_joined = False

    def request(self) -> tuple[str, str]:
        return "/", ""

    def say(self, text: str) -> None:
        self.send(json.dumps({"type": "message", "room": self._room, "text": stamped(text)}))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_open and not self._has_joined:
            self._has_joined = True
            self.send(json.dumps({"type": "join", "room": self._room}))

    def read(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"message"'):
            self._deliver(frame)
        elif frame.startswith(b'{"type":"ack"'):
            self._acknowledge(frame)
        elif frame.startswith(b'{"type":"joined"'):
            self.is_ready.set_result(None)


class ChannelsLine(Line):
    """The peer on Channels. Everybody in a room hears a message, and so its sender knows that it was taken."""

    def __init__(self, room: str, *, samples: bool = True) -> None:
        super().__init__(samples=samples)
        self._room = room
        self._said: set[bytes] = set()

    def request(self) -> tuple[str, str]:
        return f"/ws/chat/{self._room}/", ""

    def say(self, text: str) -> None:
        text = stamped(text)
        self._said.add(text.encode().split(b":")[1])
        self.send(json.dumps({"message": text}))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_open and not self.is_ready.done():
            self.is_ready.set_result(None)

    def read(self, frame: bytes) -> None:
        found = STAMP.search(frame)
        if found and found.group(1) in self._said:
            self._said.remove(found.group(1))
            self._acknowledge(frame)
        else:
            self._deliver(frame)


async def open_all(
    port: int, make: list[Callable[[], Line]], *, at_once: int = 25, took: list[float] | None = None
) -> list[Line]:
    """Open lines, so many at a time; returns them when every one is ready, and notes the seconds that each took."""
    loop = asyncio.get_running_loop()
    free = asyncio.Semaphore(at_once)

    async def open_one(one: Callable[[], Line]) -> Line:
        async with free, asyncio.timeout(OPENING_SECONDS):
            began = loop.time()
            line = (await loop.create_connection(one, "127.0.0.1", port))[1]
            await line.is_ready
            if took is not None:
                took.append(loop.time() - began)
            return line

    return list(await asyncio.gather(*(open_one(one) for one in make)))
