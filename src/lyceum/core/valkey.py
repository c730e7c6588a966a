from functools import cache

import redis
import redis.asyncio
from django.conf import settings


@cache
def connection() -> redis.Redis:
    """Return this process's shared client for work in threads."""
    return redis.Redis.from_url(settings.REDIS_URL, max_connections=64, socket_timeout=5)


def open_async() -> redis.asyncio.Redis:
    """Open a client for one event loop; the caller closes it."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5)


def key(*parts: object) -> str:
    return settings.REDIS_PREFIX + ":".join(str(part) for part in parts)
