"""What the workspace keeps and how long: each app declares its own, and the privacy page shows all of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """One kind of data: what it is, how long it stays, and who can read it meanwhile."""

    what: object
    how_long: object
    why: object


_sources: list[Callable[[], list[Kept]]] = []


def declare(source: Callable[[], list[Kept]]) -> Callable[[], list[Kept]]:
    """Register what an app keeps; asked each time, so that the figures are those of the settings."""
    _sources.append(source)
    return source


def all_kept() -> list[Kept]:
    """Return what all apps keep; first what people see of themselves, last what the server needs."""
    return [kept for source in reversed(_sources) for kept in source()]
