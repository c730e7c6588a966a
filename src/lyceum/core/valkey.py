from functools import cache

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.retry import Retry as ThreadRetry


@cache
def connection() -> redis.Redis:
    """Return this process's shared client for work in threads.

    One more try finds a server that was started again; more of them would only hold the thread.
    """
    retry = ThreadRetry(NoBackoff(), 1)
    return redis.Redis.from_url(
        settings.REDIS_URL, max_connections=64, socket_connect_timeout=1, socket_timeout=2, retry=retry
    )


def open_async() -> redis.asyncio.Redis:
    """Open a client for one event loop; the caller closes it.

    It never connects again by itself: a subscription that did would lose messages without anybody knowing.
    """
    retry = Retry(NoBackoff(), 0)
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=None, retry=retry)


def key(*parts: object) -> str:
    return settings.REDIS_PREFIX + ":".join(str(part) for part in parts)
