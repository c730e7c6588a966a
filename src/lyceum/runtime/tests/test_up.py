"""The whole product under its supervisor, as `make run` starts it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest


def _children(pid: int) -> dict[str, int]:
    """Return the direct children of a process by the last word that tells them apart."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
            command = (path.parent / "cmdline").read_bytes().replace(b"\x00", b" ").decode()
        except OSError:
            continue
        if int(fields[1]) == pid:
            name = next(word for word in ("valkey-server", "bin/postgres", " worker", " web ", "") if word in command)
            found[name.strip()] = int(path.parent.name)
    return found


def _wait_for(url: str, *, within: float = 40) -> None:
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


@pytest.mark.timeout(120)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_what_is_killed_comes_back_and_a_stop_leaves_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lyceum-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")}
        process = subprocess.Popen(
            [sys.executable, "-m", "lyceum.runtime.cli", "up", "--port", str(port)],
            env={**environment, "LYCEUM_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = f"http://127.0.0.1:{port}/health/ready/"
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert "/setup/" in said
        assert "mei@goldfields.example" in said
        for part in (" web", "valkey-server", "bin/postgres"):
            os.kill(_children(process.pid)[part.strip()], signal.SIGKILL)
            time.sleep(1.5)
            _wait_for(ready)
        left = _children(process.pid)
        assert len(left) == 4
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
        assert process.returncode == 0
        assert not [pid for pid in left.values() if Path(f"/proc/{pid}").exists()]
