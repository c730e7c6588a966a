from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "lyceum.transport"


class LyceumProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol that also hands its transport to the application, for joined writes."""

    async def run_asgi(self) -> None:
        extensions = self.scope.setdefault("extensions", {}) or {}
        extensions[EXTENSION] = {"transport": self.transport}
        await super().run_asgi()
