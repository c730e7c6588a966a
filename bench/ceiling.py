"""A server that only writes: what the load generator can take at most. `python -m bench.ceiling PORT`."""

import asyncio
import sys

import uvloop

from bench.lines import stamp_now

FRAMES_A_WRITE = 30


def joined(text: bytes) -> bytes:
    """Return frames as a server that joins them writes them (RFC 6455), each as long as a message of the product."""
    payload = b'{"type":"message","message":{"content":"' + text + b'","pad":"' + b"x" * 480 + b'"}}'
    return (b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload) * FRAMES_A_WRITE


class Pourer(asyncio.Protocol):
    """Answers a handshake, then writes whenever the socket takes more."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._is_open = self._is_paused = False

    def data_received(self, data: bytes) -> None:
        if not self._is_open and b"\r\n\r\n" in data:
            self._is_open = True
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
            ready = b'{"type":"connection_established"}'
            self.transport.write(bytes([0x81, len(ready)]) + ready)
            asyncio.get_running_loop().call_later(1.0, self._pour)

    def _pour(self) -> None:
        if not self.transport.is_closing() and not self._is_paused:
            self.transport.write(joined(stamp_now()))
            asyncio.get_running_loop().call_soon(self._pour)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._pour()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Pourer, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
