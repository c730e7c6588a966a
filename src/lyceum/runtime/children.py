"""Starting child processes that never outlive the one that started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
# PostgreSQL refuses to run as root; the conventional unprivileged account does.
UNPRIVILEGED = 65534


def _die_with_parent(stop_signal: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, stop_signal)

    return prepare


def unprivileged() -> int | None:
    return UNPRIVILEGED if os.geteuid() == 0 else None


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    log: Path | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session, so that Ctrl-C reaches only the supervisor."""
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # noqa: S603  # our own commands
            [str(part) for part in command],
            env=dict(env) if env is not None else None,
            user=user,
            group=user,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_parent(death_signal),
        )
    finally:
        if output:
            output.close()


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
