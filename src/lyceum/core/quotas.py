"""Which quotas a request counts in, and for whom."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError

from lyceum.core import limits, tallies
from lyceum.core.addresses import limit_key
from lyceum.core.errors import TooMany, Unavailable


class Exhausted(TooMany):
    """A quota is used up; `headers` tell every class that the request would have counted in."""

    def __init__(self, headers: dict[str, str], retry_after: float) -> None:
        super().__init__(retry_after=retry_after)
        self.headers = headers


def buckets_of(user: Any, address: str, names: Sequence[str]) -> list[limits.Bucket]:
    """Make a person's buckets, or those of an address for who is not signed in (`user` None)."""
    holder, profile = (str(user.pk), user.best_limit_profile) if user is not None else (None, "free")
    return [limits.bucket(name, user=holder, address=limit_key(address), profile=profile) for name in names]


def count(
    request: HttpRequest, names: Sequence[str], *, for_address: bool = False, fails_open: bool = False
) -> dict[str, str]:
    """Count a request and return the headers that tell of it; raises Exhausted.

    While Valkey is away each process counts signed-in people by itself, and refuses the others with Unavailable.
    """
    if not settings.LIMITS_ENABLED:
        return {}
    user = getattr(request, "api_user", None)
    is_person = user is not None and user.is_authenticated and not for_address
    buckets = buckets_of(user if is_person else None, request.client_address, names)  # type: ignore[attr-defined]
    try:
        verdict = limits.take(buckets)
    except RedisError as err:
        if not is_person and not fails_open:
            raise Unavailable(retry_after=limits.AWAY_SECONDS) from err
        verdict = limits.take_here(buckets)
    for name in names:
        tallies.count("limit", name, "refused" if verdict.wait else "passed")
    headers = limits.headers(buckets, verdict)
    if verdict.wait:
        raise Exhausted(headers, verdict.wait)
    return headers
