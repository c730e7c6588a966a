import io
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO

import pytest

from lyceum.core.sandbox import Bounds, Unreadable, parse
from lyceum.core.tests import parsers

BOUNDS = Bounds(processor_seconds=1, seconds=3, memory=256 * 1024 * 1024, output=1024)


def test_a_parser_gets_the_file_and_nothing_of_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x" * 50)
    assert parse(parsers.upper, io.BytesIO(b"rock"), BOUNDS) == b"ROCK"
    assert b"SECRET_KEY" not in parse(parsers.environment, io.BytesIO(), BOUNDS)


def test_a_file_that_was_read_before_is_read_from_its_beginning() -> None:
    file = io.BytesIO(b"rock")
    file.read()
    assert parse(parsers.upper, file, BOUNDS) == b"ROCK"


def test_a_refusal_says_why() -> None:
    with pytest.raises(Unreadable, match="type"):
        parse(parsers.refuse, io.BytesIO(), BOUNDS)


@pytest.mark.parametrize("parser", [parsers.spin, parsers.sleep, parsers.hoard, parsers.flood])
def test_a_parser_that_breaks_a_bound_is_ended(parser: Callable[[IO[bytes]], bytes]) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreadable, match="broken"):
        parse(parser, io.BytesIO(), BOUNDS)
    assert time.monotonic() - begun < 10


def may_leave_the_network() -> bool:
    """Whether the kernel lets this account make an empty network; some containers do not."""
    new_user, new_network = 0x10000000, 0x40000000
    script = (
        f"import ctypes, sys; f = ctypes.CDLL(None).unshare; sys.exit(f({new_network}) and f({new_user | new_network}))"
    )
    return subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.skipif(not may_leave_the_network(), reason="the kernel gives no empty network to this account")
def test_a_parser_has_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Unreadable, match="broken"):
        parse(parsers.call_home, io.BytesIO(str(listener.getsockname()[1]).encode()), BOUNDS)
