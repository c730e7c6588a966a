"""A real S3 server in a process of its own (moto's), with which tests may do what happens to servers."""

import signal
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from lyceum.core.buckets import BucketStorage

STARTS_WITHIN = 30.0
# It ends with the tests, however they end: nobody else holds the other end of its standard input.
PROGRAM = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(sys.argv[1:])
"""


class BucketServer:
    """Keeps its buckets in memory, so a server that was killed comes back empty."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", PROGRAM, "-H", "127.0.0.1", "-p", str(self.port)]
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent)  # noqa: S603  # ours
        ends = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < ends, "the S3 server does not start"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def revive(self) -> None:
        """Start it again where it was killed, hangs or asks for credentials."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self.ask_for_credentials(asked=False)
        else:
            self.start()

    def hang(self) -> None:
        """Let it take connections and answer none, until `go_on`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask_for_credentials(self, *, asked: bool) -> None:
        """Refuse keys that it does not know, which are all, or take any."""
        body, headers = b"0" if asked else b"inf", {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.endpoint}/moto-api/reset-auth", body, headers)).close()  # noqa: S310  # our own server

    def options(self, **more: str) -> dict[str, Any]:
        """Return what reaches a bucket of its own in this server, which has yet to be made."""
        access = {"endpoint": self.endpoint, "region": "us-east-1", "addressing": "path", "key": "k", "secret": "s"}
        return {"name": f"test-{uuid4().hex}", "prefix": "workspace/", **access, **more}

    def url(self, storage: BucketStorage) -> str:
        """Return the STORAGE_URL of a bucket."""
        return f"s3://k:s@127.0.0.1:{self.port}/{storage.name}/workspace?tls=false"

    def make(self, **more: str) -> BucketStorage:
        """Return the storage of a new bucket."""
        storage = BucketStorage(**self.options(**more))
        storage.call("create_bucket")
        return storage
