from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

EXTENSION = "lyceum.transport"
# Without it the application writes by ASGI `send`, as on any other server.
GIVES_TRANSPORT = True
# A peer that is still sending would lose the code with a reset; so long what it sends is read and thrown away.
LINGER_SECONDS = 1.0


class LyceumProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol that also hands its transport to the application, for joined writes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fail = self.conn.fail

        def fail_as_documented(code: int, reason: str = "") -> None:
            fail(4409 if code == CloseCode.MESSAGE_TOO_BIG else code, reason)

        self.conn.fail = fail_as_documented  # type: ignore[method-assign]

    async def run_asgi(self) -> None:
        if GIVES_TRANSPORT:
            extensions = self.scope.setdefault("extensions", {}) or {}
            extensions[EXTENSION] = {"transport": self.transport}
        await super().run_asgi()

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
