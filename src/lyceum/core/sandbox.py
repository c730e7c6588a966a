"""Reading what strangers sent: in a child process with bounds on time, memory and output, and without a network."""

import contextlib
import importlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from lyceum.core.errors import Unavailable

# The child imports this module as well, before its bounds are set: nothing heavy here, and no Django.
CHILD = "from lyceum.core.sandbox import child; child()"
REFUSED = 10
AT_ONCE = 2
WAIT_SECONDS = 10
_places = threading.BoundedSemaphore(AT_ONCE)


class Unreadable(Exception):
    """The parser refused the file, with a word that says why, or broke one of its bounds."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Bounds:
    """What a parser may use: seconds of processor and of waiting, and bytes of memory and of output."""

    processor_seconds: int = 10
    seconds: float = 15
    memory: int = 512 * 1024 * 1024
    output: int = 16 * 1024 * 1024


def parse(parser: Callable[[IO[bytes]], bytes], file: IO[bytes], bounds: Bounds | None = None) -> bytes:
    """Run a module's function over a whole file in a child and return what it returns.

    The function raises Unreadable to refuse a file; however else the child ends, that is Unreadable too. Raises
    Unavailable when no child could be started for a while.
    """
    bounds = bounds or Bounds()
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise Unavailable
    try:
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as result:
            # Whoever read it before, such as the check of an Idempotency-Key, may have left it at its end.
            file.seek(0)
            for chunk in iter(lambda: file.read(1024 * 1024), b""):
                source.write(chunk)
            source.seek(0)
            code = _run(parser, source, result, bounds)
            result.seek(0)
            output = result.read(bounds.output)
    finally:
        _places.release()
    if code == 0:
        return output
    raise Unreadable(output.decode("ascii", "replace") if code == REFUSED else "broken")


def _run(parser: Callable[[IO[bytes]], bytes], source: IO[bytes], result: IO[bytes], bounds: Bounds) -> int:
    numbers = [str(n) for n in (bounds.processor_seconds, bounds.memory, bounds.output)]
    command = [sys.executable, "-I", "-B", "-c", CHILD, parser.__module__, parser.__name__, *numbers]
    # No variable of the server's reaches the child: there are secrets among them.
    environment = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(  # noqa: S603  # the command is ours
        command, stdin=source, stdout=result, stderr=subprocess.DEVNULL, env=environment, cwd=tempfile.gettempdir()
    )
    try:
        return child.wait(bounds.seconds)
    except subprocess.TimeoutExpired:
        return -1
    finally:
        child.kill()
        child.wait()


def _bind(processor_seconds: int, memory: int, output: int) -> None:
    import resource

    _leave_network()
    # The output is a file, so its bound is the one on the size of files.
    for kind, most in (
        (resource.RLIMIT_CPU, processor_seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def _leave_network() -> None:
    """Move to an empty network where the kernel lets us (Linux); elsewhere the other bounds have to do."""
    import ctypes

    new_user, new_network = 0x10000000, 0x40000000
    with contextlib.suppress(OSError, AttributeError):
        unshare: Any = ctypes.CDLL(None).unshare
        if unshare(new_network) != 0:
            unshare(new_user | new_network)


def child() -> None:
    """Bind this process, then run the parser that its arguments name."""
    module, name, *numbers = sys.argv[1:]
    _bind(*(int(n) for n in numbers))
    try:
        output, code = getattr(importlib.import_module(module), name)(sys.stdin.buffer), 0
    except Unreadable as err:
        output, code = err.reason.encode(), REFUSED
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    sys.exit(code)
