"""uvicorn's WebSocket protocol, extended: it gives its transport away, and reads common frames by itself."""

from collections.abc import Callable
from typing import Any, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

try:
    from websockets.speedups import apply_mask
except ImportError:  # without its compiled part
    from websockets.utils import apply_mask

EXTENSION = "lyceum.transport"
# Without it the application writes by ASGI `send`, as on any other server.
GIVES_TRANSPORT = True
# A peer that is still sending would lose the code with a reset; so long what it sends is read and thrown away.
LINGER_SECONDS = 1.0
TEXT, CONTROLS = 0x81, (0x88, 0x89, 0x8A)
HANDSHAKE_END = b"\r\n\r\n"


class Receiver(Protocol):
    on_room: Callable[[], None] | None

    def take(self, text: str) -> bool:
        """Take a message; False when no more should be read until it calls `on_room`."""


class Direct:
    """What the application is given beside ASGI's `receive` and `send`."""

    def __init__(self, protocol: "LyceumProtocol") -> None:
        self._protocol = protocol
        self.transport = protocol.transport

    def receive_by(self, receiver: Receiver) -> None:
        """Hand messages to a receiver; those that `receive` still has come first."""
        receiver.on_room = self._protocol.go_on
        self._protocol.receiver = receiver

    def forget_handshake(self) -> None:
        """Let go of the headers, which are some kilobytes on every connection."""
        self._protocol.request.headers.clear()
        self._protocol.response.headers.clear()
        self._protocol.scope["headers"] = []


class LyceumProtocol(WebSocketsSansIOProtocol):
    """Whole small text messages, which nearly all are, go to the receiver at once; the library reads all else.

    Frames are cut here, so that the library's parser is given whole ones; from the first that is not of a common kind
    (a fragment, a size of 64 bits, anything against the protocol) it reads for the rest of the connection.
    """

    receiver: Receiver | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fail = self.conn.fail
        self._cuts_frames = self._is_held = False
        self._rest = bytearray()

        def fail_as_documented(code: int, reason: str = "") -> None:
            fail(4409 if code == CloseCode.MESSAGE_TOO_BIG else code, reason)

        self.conn.fail = fail_as_documented  # type: ignore[method-assign]

    async def run_asgi(self) -> None:
        if GIVES_TRANSPORT:
            extensions: Any = self.scope.setdefault("extensions", {})
            extensions[EXTENSION] = Direct(self)
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        if self._cuts_frames:
            if self._rest:
                self._rest += data
                data = bytes(self._rest)
                self._rest.clear()
            self._cut(data)
            return
        is_first = not self.handshake_initiated
        super().data_received(data)
        # A client that sends before it was answered is left to the library.
        self._cuts_frames = is_first and self.handshake_initiated and data.endswith(HANDSHAKE_END)

    def _cut(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= 2:
            first, size, start = data[at], data[at + 1] - 0x80, at + 6
            if size == 126:
                if end - at < 4:
                    break
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
            is_common = first == TEXT or (first in CONTROLS and size < 126)
            if not is_common or not 0 <= data[at + 1] - 0x80 < 127:
                self._leave_to_library(data[at:])
                return
            if end < start + size:
                break
            if first != TEXT:
                super().data_received(data[at : start + size])
            else:
                try:
                    text = apply_mask(data[start : start + size], data[start - 4 : start]).decode()
                except UnicodeDecodeError:
                    self._leave_to_library(data[at:])
                    return
                self._hand_on(text)
            at = start + size
        self._rest += data[at:]

    def _leave_to_library(self, data: bytes) -> None:
        self._cuts_frames = False
        super().data_received(data)

    def _hand_on(self, text: str) -> None:
        if self.close_sent:
            return
        if self.receiver is None or not self.queue.empty():
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
        elif not self.receiver.take(text) and not self._is_held:
            self._is_held = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again after the receiver had no room."""
        if self._is_held:
            self._is_held = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def handle_parser_exception(self) -> None:
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
