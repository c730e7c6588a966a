from functools import cache

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


@cache
def connection() -> redis.Redis:
    """Return this process's shared client for work in threads."""
    return redis.Redis.from_url(settings.REDIS_URL, max_connections=64, socket_timeout=5)


def open_async() -> redis.asyncio.Redis:
    """Open a client for one event loop; the caller closes it.

    It never connects again by itself: a subscription that did would lose messages without anybody knowing.
    """
    retry = Retry(NoBackoff(), 0)
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=None, retry=retry)


def key(*parts: object) -> str:
    return settings.REDIS_PREFIX + ":".join(str(part) for part in parts)
