import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.urls import set_script_prefix

# With the gateway's threads as many as the database pool has connections.
_pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="http")


class OneThreadHandler(ASGIHandler):
    """Django's ASGI handler with a whole request in one thread, from its first signal to its last.

    Django's own crosses between the loop and threads at every middleware that knows only one of them, and makes
    a thread for each request.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self._in_thread(self._respond, scope, body)
            try:
                await self.send_response(response, send)
            finally:
                if response.streaming:
                    await self._in_thread(response.close)

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
