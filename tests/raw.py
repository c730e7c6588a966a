"""A WebSocket client that says what it is told to, right or wrong."""

import asyncio
import base64
import os
import struct
from typing import ClassVar

from tests.conftest import Person, Site

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack("!BH", bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", bit | 127, len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload)) if payload else b""
    return head + key + mixed


class RawLine:
    opened: "ClassVar[list[RawLine]]" = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.opened.append(self)

    @classmethod
    async def dial(cls, site: Site) -> "RawLine":
        """Connect, and say nothing yet."""
        return cls(*await asyncio.open_connection("127.0.0.1", site.port))

    @classmethod
    async def open(cls, site: Site, person: Person, path: str = "/ws/") -> "RawLine":
        ticket = (await asyncio.to_thread(person.call, "POST", "auth/ws-ticket/")).data["ticket"]
        line = await cls.dial(site)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{site.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: lyceum.v1, ticket.{ticket}",
        ]
        line.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await line.reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head
        return line

    async def next(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(await self.reader.readexactly(size))
        return first & 0x0F, await self.reader.readexactly(length)

    async def closed(self, *, within: float = 5) -> int | None:
        """Return the code of the close frame, passing over others; None when the line breaks without one."""
        try:
            async with asyncio.timeout(within):
                while True:
                    opcode, payload = await self.next()
                    if opcode == CLOSE:
                        return int.from_bytes(payload[:2]) if payload else 1005
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def close(self) -> None:
        self.writer.transport.abort()
