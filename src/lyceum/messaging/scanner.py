"""The virus scanner: clamd's INSTREAM over TCP or a Unix socket (clamd(8)), which any ClamAV of the house speaks."""

import socket
import struct
from typing import IO
from urllib.parse import urlsplit

from lyceum.core.errors import Unavailable

PIECE = 64 * 1024
SECONDS = 60.0
DEFAULT_PORT = 3310


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS)
        connection.connect(parts.path)
        return connection
    return socket.create_connection((parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT), SECONDS)


def is_clean(file: IO[bytes], url: str) -> bool:
    """Have a file looked at; raises Unavailable when the scanner does not answer, or not with a verdict."""
    try:
        with _connect(url) as connection:
            connection.sendall(b"zINSTREAM\0")
            for piece in iter(lambda: file.read(PIECE), b""):
                connection.sendall(struct.pack(">I", len(piece)) + piece)
            connection.sendall(struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0") and (part := connection.recv(1024)):
                answer += part
    except OSError as err:
        raise Unavailable("The virus scanner does not answer.", retry_after=10.0) from err
    verdict = answer.rstrip(b"\0")
    if verdict.endswith(b" FOUND"):
        return False
    if not verdict.endswith(b": OK"):
        raise Unavailable("The virus scanner gave no verdict.", retry_after=10.0)
    return True
