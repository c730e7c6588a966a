"""Starting child processes that never outlive the one that started them."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from lyceum.runtime.home import CannotRun

PR_SET_PDEATHSIG = 1
# PostgreSQL refuses to run as root; the conventional unprivileged account does.
UNPRIVILEGED = 65534
FORMER_SECONDS = 40.0
LOG_MAX_BYTES = 10 * 1024 * 1024


def _die_with_parent(stop_signal: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != parent:
            # The parent died before the line above.
            os._exit(1)

    return prepare


def unprivileged() -> int | None:
    return UNPRIVILEGED if os.geteuid() == 0 else None


@contextlib.contextmanager
def held(path: Path) -> Iterator[int]:
    """Lock a file and give its descriptor; a child that inherits it keeps it locked until its last process has ended.

    Waits for those of a start before whose supervisor was killed: two servers on the same files would ruin them.
    """
    with path.open("w") as file:
        ends = time.monotonic() + FORMER_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as err:
                if time.monotonic() > ends:
                    raise CannotRun(f"The {path.stem} of an earlier start still runs; end it first.") from err
                time.sleep(0.05)
        yield file.fileno()


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    log: Path | None = None,
    inherit: Sequence[int] = (),
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session, so that Ctrl-C reaches only the supervisor."""
    with _log(log) if log else contextlib.nullcontext() as output:
        return subprocess.Popen(  # noqa: S603  # our own commands
            [str(part) for part in command],
            env=dict(env) if env is not None else None,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            # The other account may not be able to enter this one.
            cwd="/" if user is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=inherit,
            preexec_fn=_die_with_parent(death_signal),
        )


def _log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def stop(process: subprocess.Popen[bytes], *, by: int = signal.SIGTERM, within: float = 20) -> None:
    """Ask a child to end, and end it when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_within(seconds: float) -> None:
    """End this process at the latest after a time, whatever still hangs on a server that is gone."""
    last = threading.Timer(seconds, os._exit, (1,))
    last.daemon = True
    last.start()
