"""The kinds of facts that webhooks may hear; each app declares its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Texts = Callable[[dict[str, Any]], dict[str, Any]]
TEST = "webhook.test"


@dataclass(frozen=True)
class Kind:
    """What it is called, what it means, and what reads the texts for those who were allowed to have them."""

    name: str
    meaning: object
    texts: Texts | None = None


_kinds: dict[str, Kind] = {}


def declare(name: str, meaning: object, *, texts: Texts | None = None) -> None:
    _kinds[name] = Kind(name, meaning, texts)


def declared() -> list[Kind]:
    return [kind for _, kind in sorted(_kinds.items())]


def get(name: str) -> Kind | None:
    return _kinds.get(name)
