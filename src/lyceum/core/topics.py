"""Topics of `/ws/` besides conversations: who publishes one declares it here, and the gateway serves it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lyceum.core.live import push_on_commit

Frame = Mapping[str, Any]


@dataclass(frozen=True)
class Topic:
    """What stands at a beginning, and the scopes that a key or an app needs to hear it."""

    opening: Callable[[UUID], list[Frame]]
    scopes: Collection[str]


_topics: dict[str, Topic] = {}


def declare(name: str, opening: Callable[[UUID], list[Frame]], *, scopes: Collection[str] = ()) -> None:
    """Register a topic that each person has for themselves; `opening` gives the frames that stand at a beginning.

    `scopes` are needed by keys and apps; without any the topic is for people alone, as a door is.
    """
    _topics[name] = Topic(opening, tuple(scopes))


def declared() -> dict[str, Topic]:
    """Return every topic by its name."""
    return dict(_topics)


def is_open_to(name: str, granted: Collection[str] | None) -> bool:
    """Say whether there is such a topic for a person's own sign-in (None), or for what has these scopes."""
    found = _topics.get(name)
    if found is None or granted is None:
        return found is not None
    return bool(found.scopes) and all(scope in granted for scope in found.scopes)


def opening(topic: str, user_id: UUID) -> list[Frame]:
    """Return how the topic stands for a person who begins to hear it."""
    return _topics[topic].opening(user_id)


def group_of(topic: str, user_id: UUID) -> str:
    """Name the group of the connections on which a person hears the topic."""
    return f"topic:{topic}:{user_id}"


def tell_on_commit(topic: str, user_id: UUID, frame: Frame) -> None:
    """Publish a frame to who hears a person's topic, when the caller's transaction commits."""
    push_on_commit(group_of(topic, user_id), frame)
