"""Places whose texts webhooks may have: the app that has them says which stand, and whose they are."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Place:
    """A place as its owner knows it."""

    id: UUID
    name: str


class Places(Protocol):
    """What an app knows of its places."""

    def standing(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those of some places that are there and have not ended."""

    def owned_by(self, user_id: UUID) -> list[Place]:
        """Return the places whose texts a person may let webhooks have, by name."""

    def let_listen(self, user_id: UUID, place_id: UUID, webhook_id: UUID, *, listen: bool) -> None:
        """Let a webhook have the texts, or no longer, as a person says; raises NotFound or NotAllowed."""


_declared: list[Places] = []


def declare(found: Places) -> None:
    _declared[:] = [found]


def places() -> Places:
    return _declared[0]
