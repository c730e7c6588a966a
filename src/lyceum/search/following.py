"""Who finds changes by looking, instead of writing them down beside each: logs that grow too fast for that."""

from collections.abc import Callable

import structlog

log = structlog.get_logger("lyceum.search")
_followers: list[Callable[[], int]] = []


def follow(look: Callable[[], int]) -> None:
    """Have the indexer call this before each round, several times a second; it returns how many changes it noted."""
    _followers.append(look)


def look() -> int:
    """Let all look once; one that fails holds up neither the others nor the index."""
    return sum(_looked(follower) for follower in _followers)


def _looked(follower: Callable[[], int]) -> int:
    try:
        return follower()
    except Exception as err:  # its fault is its own, and it looks again at once
        log.exception("follower_failed", error=type(err).__name__)
        return 0
