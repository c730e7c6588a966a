"""Fetch OpenSearch from Maven Central and run a real node of it on this machine; for tests and benchmarks.

    python scripts/opensearch.py              start a node, print its address, and stop it with Ctrl-C
    python scripts/opensearch.py COMMAND …    run a command with SEARCH_URL set, and stop the node after it
    python scripts/opensearch.py --fetch      fetch it, or say what is missing

The distribution is fetched once, to a cache outside the working tree. Everybody on the machine who asks at the same
time gets the same node; it stops when the last of them has ended, however that came about.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lyceum.runtime import children
from lyceum.runtime.home import CannotRun

VERSION = "3.8.0"
ARTIFACT = f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip"
SHA256 = "196c3cf4602c394f2e40e6174ccbf2a924eae37246f08fa6bbb6b75f9fd5ff1f"
LEAST_JAVA = 21
JVMS = ("/usr/lib/jvm/*", "/opt/java/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home")
# Two cores that others use too; alone it takes 11 s.
START_SECONDS = 120.0
HEAP_MB = 512
REMEDY = "Install Maven and a JDK 21 or later (JAVA_HOME or OPENSEARCH_JAVA_HOME), or set SEARCH_URL to a server."


def cache() -> Path:
    """Return the folder of what is fetched once; the account that a node of root's runs as can enter it."""
    if os.geteuid() == 0:
        return Path("/var/cache/lyceum")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lyceum"


def java_home() -> Path:
    """Return a JDK that is new enough and whole; raises CannotRun."""
    named = [os.environ.get("OPENSEARCH_JAVA_HOME"), os.environ.get("JAVA_HOME")]
    java = shutil.which("java")
    found = [Path(name) for name in named if name] + ([Path(java).resolve().parents[1]] if java else [])
    for pattern in JVMS:
        found += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    for home in found:
        if _is_fit(home):
            return home
    raise CannotRun(f"OpenSearch needs a JDK {LEAST_JAVA} or later, and there is none. {REMEDY}")


def _is_fit(home: Path) -> bool:
    release = home / "release"
    if not release.is_file():
        return False
    lines = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    major = lines.get("JAVA_VERSION", "").strip('"').split(".")[0]
    # Without the data of all languages no index can be made: Thai has no word breaks.
    return major.isdigit() and int(major) >= LEAST_JAVA and "jdk.localedata" in lines.get("MODULES", "")


def distribution() -> Path:
    """Return the unpacked distribution, fetched if need be; raises CannotRun where it cannot be had."""
    folder = cache() / f"opensearch-{VERSION}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (cache() / "opensearch.fetch").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as part:
                _unpack(_fetch(Path(part)), Path(part)).rename(folder)
    return folder


def _fetch(part: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotRun(f"OpenSearch comes from Maven Central, and there is no Maven. {REMEDY}")
    print(f"Getting OpenSearch {VERSION} (160 MB, once).", file=sys.stderr, flush=True)
    command = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={part}"]
    done = subprocess.run(command, cwd=part, capture_output=True, text=True)  # noqa: S603  # Maven itself
    file = part / f"opensearch-{VERSION}.zip"
    if done.returncode or not file.is_file():
        raise CannotRun(f"Maven could not fetch OpenSearch: {_first_error(done.stdout)} {REMEDY}")
    with file.open("rb") as data:
        if hashlib.file_digest(data, "sha256").hexdigest() != SHA256:
            raise CannotRun(f"What Maven fetched is not OpenSearch {VERSION} as it is known here. {REMEDY}")
    return file


def _first_error(text: str) -> str:
    lines = [line.removeprefix("[ERROR] ").strip() for line in text.splitlines() if line.startswith("[ERROR]")]
    return (lines or ["it says nothing."])[0][:300]


def _unpack(file: Path, part: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        archive.extractall(part)
    folder = part / f"opensearch-{VERSION}"
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)
    return folder


class Node:
    """One node on loopback with files of its own; ports are free ones, and stay the same when it starts again."""

    def __init__(self, *, heap_mb: int = HEAP_MB) -> None:
        self.java, self.home, self.heap_mb = java_home(), distribution(), heap_mb
        self.user = children.unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="lyceum-opensearch-"))
        self.log = self.folder / "output.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the node and return when it can index; raises CannotRun."""
        self._configure()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "OPENSEARCH_JAVA_HOME": str(self.java),
            "OPENSEARCH_PATH_CONF": str(self.folder / "config"),
        }
        self.process = children.start([self.home / "bin" / "opensearch"], env=environment, user=self.user, log=self.log)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the process; its files stay for another start."""
        if self.process is not None:
            children.stop(self.process)

    def signal(self, number: int) -> None:
        """Send a signal, such as one that kills the node or makes it hang."""
        assert self.process is not None
        os.kill(self.process.pid, number)
        if number == signal.SIGKILL:
            self.process.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self) -> None:
        config = self.folder / "config"
        if not config.exists():
            shutil.copytree(self.home / "config", config)
            options = (config / "jvm.options").read_text().splitlines()
            # Its own logs and dumps would go into the distribution's folder, which is not the node's to write.
            kept = [line for line in options if not any(word in line for word in ("-Xm", "logs/", "HeapDump"))]
            (config / "jvm.options").write_text("\n".join([*kept, f"-Xms{self.heap_mb}m", f"-Xmx{self.heap_mb}m", ""]))
        settings = {
            "cluster.name": self.folder.name,
            "discovery.type": "single-node",
            "http.host": "127.0.0.1",
            "transport.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": 0,
            "node.portsfile": "true",
            "path.data": self.folder / "data",
            "path.logs": self.folder / "logs",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        (config / "opensearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        (self.folder / "logs" / "http.ports").unlink(missing_ok=True)
        for name in ("data", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        if self.user is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.user, self.user)

    def _wait(self) -> None:
        assert self.process is not None
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise CannotRun(f"OpenSearch ended at once: {self._last_words()}")
            self.port = self.port or self._told_port()
            if self.port and self._is_ready():
                return
            time.sleep(0.1)
        raise CannotRun(f"OpenSearch did not answer within {START_SECONDS:.0f} s: {self._last_words()}")

    def _told_port(self) -> int:
        file = self.folder / "logs" / "http.ports"
        words = file.read_text().split() if file.exists() else []
        return int(words[0].rpartition(":")[2]) if words else 0

    def _is_ready(self) -> bool:
        try:
            address = f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s"
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # our own node
                return bool(answer.status == 200)
        except OSError:
            return False

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return " ".join(lines[-3:])[-500:] or "it said nothing."


@contextlib.contextmanager
def shared() -> Iterator[str]:
    """Give the address of the machine's one node while this stands; raises CannotRun where there can be none.

    Who uses it holds a lock that the kernel gives back however a process ends; a keeper waits for the last of them.
    """
    if url := os.environ.get("SEARCH_URL"):
        yield url
        return
    java_home(), distribution()
    place = cache() / "opensearch.node"
    place.mkdir(exist_ok=True)
    with (place / "start").open("w") as start, (place / "users").open("w") as users:
        fcntl.flock(start, fcntl.LOCK_EX)
        # A keeper that is stopping its node holds it alone until that is done.
        fcntl.flock(users, fcntl.LOCK_SH)
        if not (place / "url").exists():
            _start_keeper(place)
        url = (place / "url").read_text()
        fcntl.flock(start, fcntl.LOCK_UN)
        yield url


def _start_keeper(place: Path) -> None:
    command = [sys.executable, __file__, "--keep", str(place)]
    with (place / "keeper.log").open("w") as log:
        keeper = subprocess.Popen(  # noqa: S603  # this very file
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    while not (place / "url").exists():
        if keeper.poll() is not None:
            raise CannotRun((place / "keeper.log").read_text().strip())
        time.sleep(0.1)


def keep(place: Path) -> None:
    """Run the shared node until nobody holds the lock of its users."""
    node, url = Node(), place / "url"
    try:
        node.start()
        part = place / "url.part"
        part.write_text(node.url)
        part.rename(url)
        with (place / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            url.unlink(missing_ok=True)
            node.remove()
    finally:
        url.unlink(missing_ok=True)
        node.remove()


def fetch() -> None:
    """Fetch what a node needs; where that cannot be, say so and which tests are left out."""
    try:
        if not os.environ.get("SEARCH_URL"):
            java_home(), distribution()
    except CannotRun as err:
        print(f"Tests against OpenSearch are skipped: {err}")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--keep"]:
        keep(Path(arguments[1]))
        return 0
    if arguments == ["--fetch"]:
        fetch()
        return 0
    with shared() as url:
        if arguments:
            return subprocess.run(arguments, env={**os.environ, "SEARCH_URL": url}).returncode  # noqa: S603  # the caller's
        print(url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRun as err:
        sys.exit(str(err))
