"""The whole product under its supervisor, as `make run` starts it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lyceum.runtime import served
from lyceum.runtime.home import Home
from lyceum.runtime.served import Served


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
            name = next(
                word
                for word in ("valkey-server", "bin/postgres", " worker", " indexer", " web ", "")
                if word in command
            )
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: str, port: int) -> tuple["subprocess.Popen[str]", str]:
    """Start the product in a process group of its own, as a terminal does; returns what it said until it served."""
    kept = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LOG_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    process = subprocess.Popen(
        [sys.executable, "-m", "lyceum.runtime.cli", "up", "--port", str(port)],
        env={**environment, "LYCEUM_HOME": folder},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return process, said


def _wait_until_gone(pids: list[int], *, within: float = 40) -> None:
    ends = time.monotonic() + within
    while left := [pid for pid in pids if _is_alive(pid)]:
        assert time.monotonic() < ends, left
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def folder() -> Iterator[str]:
    # A path with a blank that is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="lyceum-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        long = Path(name) / ("a long name " * 10)
        long.mkdir(mode=0o711)
        yield str(long)


@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_what_is_killed_comes_back_and_a_stop_leaves_nothing(folder: str) -> None:
    port = _free_port()
    process, said = _start(folder, port)
    ready = f"http://127.0.0.1:{port}/health/ready/"
    assert "/setup/" in said
    assert "mei@goldfields.example" in said
    assert served.last(Home(Path(folder))) == Served("127.0.0.1", port, f"http://127.0.0.1:{port}")
    for part in ("indexer", "web", "valkey-server", "bin/postgres"):
        os.kill(_children(process.pid)[part], signal.SIGKILL)
        time.sleep(1.5)
        _wait_for(ready)
    left = _children(process.pid)
    assert len(left) == 5
    # Ctrl-C reaches the whole group of the terminal; what is not in it is stopped in order.
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=40)
    assert process.returncode == 0
    assert not [pid for pid in left.values() if _is_alive(pid)]


@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_a_killed_supervisor_takes_its_parts_along_and_the_next_start_works(folder: str) -> None:
    port = _free_port()
    process, _ = _start(folder, port)
    left = list(_children(process.pid).values())
    assert len(left) == 5
    process.kill()
    process.communicate()
    # At once: it waits for what is still ending.
    started = time.monotonic()
    again, said = _start(folder, port)
    seconds = time.monotonic() - started
    assert "Making the database" not in said
    _wait_for(f"http://127.0.0.1:{port}/health/ready/")
    _wait_until_gone(left)
    second = subprocess.run(
        [sys.executable, "-m", "lyceum.runtime.cli", "up", "--port", str(_free_port())],
        env={**os.environ, "LYCEUM_HOME": folder},
        capture_output=True,
        text=True,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert "Lyceum runs already with the home" in second.stderr
    other = subprocess.run(
        [sys.executable, "-m", "lyceum.runtime.cli", "up", "--port", str(port)],
        env={**os.environ, "LYCEUM_HOME": f"{folder}/other"},
        capture_output=True,
        text=True,
    )
    assert (other.returncode, other.stdout) == (1, "")
    assert f"Port {port} is in use by another program. Choose another one" in other.stderr
    left = list(_children(again.pid).values())
    again.terminate()
    again.communicate(timeout=40)
    assert not [pid for pid in left if _is_alive(pid)]
    assert seconds < 30
