"""Starts the parts of the product, restarts one that died, and stops all in order."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lyceum.runtime import children

BACK_OFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10)
STEADY_SECONDS = 60.0
POLL_SECONDS = 0.2


@dataclass
class Part:
    """One supervised process: how it starts and stops."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    due_at: float = field(default=0.0)

    def start(self) -> None:
        self.process = self.launch()
        self.started_at = time.monotonic()

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process, by=self.stop_signal)


class Supervisor:
    def __init__(self, parts: list[Part], *, say: Callable[[str], None] = print) -> None:
        self.parts, self._say, self._stopping = parts, say, False

    def ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> None:
        """Watch the parts until SIGINT or SIGTERM; then stop them, the last started first."""
        signal.signal(signal.SIGINT, self.ask_to_stop)
        signal.signal(signal.SIGTERM, self.ask_to_stop)
        try:
            while not self._stopping:
                for part in self.parts:
                    self._watch(part)
                time.sleep(POLL_SECONDS)
        finally:
            for part in reversed(self.parts):
                part.stop()

    def _watch(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is not None and part.process.poll() is None:
            return
        if part.process is not None:
            steady = now - part.started_at > STEADY_SECONDS
            part.failures = 0 if steady else part.failures + 1
            wait = BACK_OFF_SECONDS[min(part.failures, len(BACK_OFF_SECONDS) - 1)]
            self._say(f"{part.name} ended with {part.process.returncode}; it starts again in {wait} s.")
            part.process, part.due_at = None, now + wait
        elif now >= part.due_at:
            try:
                part.start()
            except Exception as err:  # noqa: BLE001  # the supervisor outlives whatever a part cannot do
                self._say(f"{part.name} does not start: {err}")
                part.failures += 1
                part.due_at = now + BACK_OFF_SECONDS[min(part.failures, len(BACK_OFF_SECONDS) - 1)]
