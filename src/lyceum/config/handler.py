import asyncio
import contextvars
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.urls import set_script_prefix

from lyceum.core.errors import Unavailable
from lyceum.core.uploads import most_bytes

# With the gateway's threads as many as the database pool has connections.
_pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="http")
PIECE_BYTES = 256 * 1024


def _escaped(query: bytes) -> bytes:
    """Escape bytes that no query may hold as they are; Django would not make a request of them."""
    return re.sub(rb"[^\x21-\x7e]", lambda found: b"%%%02X" % found[0][0], query)


def _next_piece(content: Iterator[bytes]) -> bytes:
    """Read on until there is enough for one journey to a thread; empty at the end."""
    piece = bytearray()
    for part in content:
        piece += part
        if len(piece) >= PIECE_BYTES:
            break
    return bytes(piece)


class OneThreadHandler(ASGIHandler):
    """Django's ASGI handler with a whole request in one thread, from its first signal to its last.

    Django's own crosses between the loop and threads at every middleware that knows only one of them, and makes
    a thread for each request.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body, is_cut = await self._read_bounded(scope, receive)
        except RequestAborted:
            return
        scope = {**scope, "query_string": _escaped(scope["query_string"]), "body_is_cut": is_cut}
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            # A body in chunks has no length before it is read; what takes it for empty looks here.
            scope["headers"] = [*scope["headers"], (b"content-length", str(body.seek(0, 2)).encode())]
            body.seek(0)
        with body:
            response = await self._in_thread(self._respond, scope, body)
            if response.streaming and not response.is_async:
                content = iter(()) if scope["method"] == "HEAD" else response.streaming_content
                response.streaming_content = self._in_pieces(content, receive)
            try:
                await self.send_response(response, send)
            except Unavailable:
                # It has begun, so nothing can be said any more: the connection ends before its length is reached.
                return
            finally:
                if response.streaming:
                    await self._in_thread(response.close)

    async def _read_bounded(self, scope: dict[str, Any], receive: Any) -> tuple[IO[bytes], bool]:
        """Read a body up to what its address takes, and say whether there was more."""
        most, size = most_bytes(scope["path"]), 0
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        body: IO[bytes] = SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115  # the caller closes it
        is_cut = declared.isdigit() and int(declared) > most
        more = True
        while more and not is_cut:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            chunk = message.get("body", b"")
            size += len(chunk)
            is_cut = size > most
            body.write(b"" if is_cut else chunk)
            more = message.get("more_body", False)
        body.seek(0)
        return body, is_cut

    async def _in_pieces(self, content: Iterator[bytes], receive: Any) -> AsyncIterator[bytes]:
        """Read a long answer in threads, each piece after the one before is sent; stop when its reader leaves."""
        leaving = asyncio.ensure_future(receive())
        try:
            while not leaving.done() and (piece := await self._in_thread(_next_piece, content)):
                yield piece
        finally:
            leaving.cancel()

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(_pool, context.run, function, *arguments)

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> Any:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            # Its text stays; its end gives the database connection back in the thread that took it.
            response.close()
        return response
