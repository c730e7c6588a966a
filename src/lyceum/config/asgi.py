"""One process, two doors: sockets to the gateway, everything else to Django, static files too."""

import asyncio
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lyceum.config.settings")

import django

django.setup()

from lyceum.config.handler import OneThreadHandler  # noqa: E402

pages = OneThreadHandler()

from lyceum.accounts import session_proofs  # noqa: E402
from lyceum.accounts.callers import CALLERS, find_key  # noqa: E402
from lyceum.core.hot_reads import HotReads  # noqa: E402
from lyceum.messaging.hot_reads import CONVERSATION_LIST, MESSAGE_LIST  # noqa: E402
from lyceum.monitoring import publishing  # noqa: E402
from lyceum.realtime.gateway import application as sockets  # noqa: E402

hot_reads = HotReads([MESSAGE_LIST, CONVERSATION_LIST], callers=CALLERS, find_key=find_key, holds=session_proofs.holds)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)
    else:
        await _lifespan(receive, send)


async def _answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if (answer := await hot_reads.answer(scope)) is None:
        await pages(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _lifespan(receive: Any, send: Any) -> None:
    numbers: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            numbers = asyncio.create_task(publishing.run())
        if message["type"] == "lifespan.shutdown":
            await hot_reads.close()
            if numbers is not None:
                numbers.cancel()
                await asyncio.gather(numbers, return_exceptions=True)
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
