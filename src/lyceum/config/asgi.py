"""One process, two doors: sockets to the gateway, everything else to Django, static files too."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lyceum.config.settings")

import django

django.setup()

from lyceum.config.handler import OneThreadHandler  # noqa: E402

pages = OneThreadHandler()

from lyceum.realtime.gateway import application as sockets  # noqa: E402


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http":
        await pages(scope, receive, send)
    else:
        await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
