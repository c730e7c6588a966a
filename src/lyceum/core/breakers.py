"""A breaker: while a server does not answer, nobody waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Open(Exception):  # it is the state that stands in the way, not a fault
    """The server failed a moment ago and is not asked; `seconds` until it is asked again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"not asked for {seconds:.1f} s")


class Breaker:
    """Opens after so many failures in a row, for some seconds; then one call alone finds out how things are.

    Which exceptions are failures of the server, and not of the question, the caller says.
    """

    def __init__(
        self,
        failures: tuple[type[Exception], ...],
        *,
        most: int = 3,
        seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures, self._most, self._seconds, self._clock = failures, most, seconds, clock
        self._lock = threading.Lock()
        self._failed, self._shut_until = 0, 0.0

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let a call through and learn from its end; raises Open while the server is not asked."""
        self._enter()
        try:
            yield
        except self._failures:
            self._note_failure()
            raise
        except BaseException:
            self._note_answer()
            raise
        self._note_answer()

    def _enter(self) -> None:
        with self._lock:
            left = self._shut_until - self._clock()
            if self._failed < self._most:
                return
            if left > 0:
                raise Open(left)
            # This call finds out; the others go on being refused until it has.
            self._shut_until = self._clock() + self._seconds

    def _note_failure(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self._most:
                self._shut_until = self._clock() + self._seconds

    def _note_answer(self) -> None:
        with self._lock:
            self._failed, self._shut_until = 0, 0.0
