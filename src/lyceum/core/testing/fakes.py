"""What is not ours, or not at work in a test: kept to its protocol, and open to questions."""

from types import SimpleNamespace
from typing import Any

from procrastinate.contrib.django import app


class Jobs:
    """Stands for the queue: remembers what was queued, and runs it when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, dict[str, Any]]] = []

    def enqueue(self, name: str, **arguments: Any) -> int:
        self.waiting.append((name, arguments))
        return len(self.waiting)

    def names(self) -> list[str]:
        return [name for name, _ in self.waiting]

    def run(self) -> None:
        """Do every waiting job in order, as a worker would."""
        while self.waiting:
            name, arguments = self.waiting.pop(0)
            context = SimpleNamespace(job=SimpleNamespace(id=len(self.waiting) + 1, attempts=0))
            app.tasks[name].func(context, **arguments)
