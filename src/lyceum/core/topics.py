"""Topics of `/ws/` besides conversations: who publishes one declares it here, and the gateway serves it."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from lyceum.core.live import push_on_commit

Frame = Mapping[str, Any]
_openings: dict[str, Callable[[UUID], list[Frame]]] = {}


def declare(topic: str, opening: Callable[[UUID], list[Frame]]) -> None:
    """Register a topic that each person has for themselves; `opening` gives the frames that stand at a beginning."""
    _openings[topic] = opening


def is_known(topic: str) -> bool:
    return topic in _openings


def opening(topic: str, user_id: UUID) -> list[Frame]:
    """Return how the topic stands for a person who begins to hear it."""
    return _openings[topic](user_id)


def group_of(topic: str, user_id: UUID) -> str:
    """Name the group of the connections on which a person hears the topic."""
    return f"topic:{topic}:{user_id}"


def tell_on_commit(topic: str, user_id: UUID, frame: Frame) -> None:
    """Publish a frame to who hears a person's topic, when the caller's transaction commits."""
    push_on_commit(group_of(topic, user_id), frame)
