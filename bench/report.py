"""What a benchmark prints as it goes, what it keeps for a file, and how long it may take."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop

from bench import stage

Result = TypeVar("Result")
# A server that needs longer for its part has failed it.
MOST_SECONDS = 240.0


class Report:
    """Prints figures as they come; a server that fails costs a line, and the next one runs."""

    def __init__(self, most_minutes: float) -> None:
        self.figures: dict[str, Any] = {"machine": stage.machine()}
        self._began, self._most_seconds = time.monotonic(), most_minutes * 60

    @property
    def passed(self) -> float:
        return time.monotonic() - self._began

    def has_time(self, part: str) -> bool:
        """Say whether another part may begin; a slow machine is not kept for hours."""
        if self.passed < self._most_seconds:
            return True
        print(f"\nNo time is left for: {part}")
        return False

    def title(self, text: str) -> None:
        print(f"\n{text}  [{self.passed:.0f} s]")

    def add(self, part: str, name: str, line: str, **figures: float) -> None:
        self._line(name, line)
        self.figures.setdefault(part, {})[name] = {key: round(value, 3) for key, value in figures.items()}

    def measure(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run one measurement for as long as a server may have, within the time of the whole."""
        return uvloop.run(_within(min(MOST_SECONDS, self._most_seconds - self.passed), work))

    @contextmanager
    def attempt(self, part: str, name: str) -> Iterator[None]:
        """Go on after a server that cannot be had, ends, loses what it was given or takes too long."""
        began = time.monotonic()
        try:
            yield
        except (stage.Unusable, OSError, AssertionError) as error:
            reason = "out of time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
            self._line(name, f"FAILED after {time.monotonic() - began:.0f} s: {reason}")
            self.figures.setdefault(part, {})[name] = {"failed": reason}

    def _line(self, name: str, line: str) -> None:
        print(f"  {name:30} {line}")


async def _within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    async with asyncio.timeout(seconds):
        return await work
