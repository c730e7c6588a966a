"""HTTP calls that cost little, so that a thousand people can make them from one process."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from tests.conftest import SAFE

CALL_SECONDS = 20.0


class NoAnswer(Exception):
    """The connection broke or stayed silent; what was asked may have been done."""


async def call(
    port: int,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str,
    within: float = CALL_SECONDS,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Return status and document; raises NoAnswer."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} /api/v1/{quote(path, safe=SAFE)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"{more}Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head.encode() + content)
                answer = await reader.read()
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError) as err:
        raise NoAnswer(type(err).__name__) from err
    first, _, rest = answer.partition(b"\r\n")
    told, separator, text = rest.partition(b"\r\n\r\n")
    sizes = [line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    size = int(sizes[0].partition(b":")[2]) if sizes else 0
    if not separator or len(text) < size:
        raise NoAnswer("half an answer")
    return int(first.split()[1]), msgspec.json.decode(text) if text else None
