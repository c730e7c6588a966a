"""Parsers that behave in every way a parser may, for the tests of the sandbox."""

import os
import socket
import time
from typing import IO

from lyceum.core.sandbox import Unreadable


def upper(file: IO[bytes]) -> bytes:
    return file.read().upper()


def environment(file: IO[bytes]) -> bytes:
    return "\n".join(os.environ).encode()


def refuse(file: IO[bytes]) -> bytes:
    raise Unreadable("type")


def spin(file: IO[bytes]) -> bytes:
    while True:
        pass


def sleep(file: IO[bytes]) -> bytes:
    time.sleep(60)
    return b""


def hoard(file: IO[bytes]) -> bytes:
    return bytes(1024 * 1024 * 1024)[:1]


def flood(file: IO[bytes]) -> bytes:
    return bytes(1024 * 1024)


def call_home(file: IO[bytes]) -> bytes:
    with socket.create_connection(("127.0.0.1", int(file.read())), timeout=1):
        return b"reached"
