"""One exact limiter for HTTP and sockets: the generic cell rate algorithm in one Valkey script."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from redis.exceptions import ConnectionError, RedisError

from lyceum.core import valkey

# GCRA (ITU-T I.371, virtual scheduling) with the server's clock: all buckets pass or none is charged.
SCRIPT = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local out, wait = {}, 0
local tats = {}
for i, k in ipairs(KEYS) do
  local quota, window = tonumber(ARGV[2*i-1]), tonumber(ARGV[2*i])
  local tat = math.max(tonumber(redis.call('GET', k) or '0'), now)
  local step = window / quota
  local over = tat + step - window - now
  if over > 0.0000005 then wait = math.max(wait, over) end
  tats[i] = {tat, step, window}
end
for i, k in ipairs(KEYS) do
  local tat, step, window = tats[i][1], tats[i][2], tats[i][3]
  if wait == 0 then
    tat = tat + step
    redis.call('SET', k, string.format('%.6f', tat), 'PX', math.ceil((tat - now) * 1000) + 1)
  end
  out[2*i-1] = math.floor((window - (tat - now)) / step + 0.000001)
  out[2*i] = tostring(math.max(0, tat - now))
end
return {tostring(wait), out}
"""


@dataclass(frozen=True)
class Bucket:
    """A quota of `quota` in `window` seconds for the holder `key` in the class `name`."""

    name: str
    key: str
    quota: int
    window: int


@dataclass(frozen=True)
class Verdict:
    """`wait` is 0 when the request passes, else the seconds after which it would; `left` is per bucket."""

    wait: float
    left: tuple[int, ...]
    reset: tuple[float, ...]


# Once Valkey did not answer, it is not asked again for so long: a server that hangs would hold up every request.
AWAY_SECONDS = 2
_away_until = 0.0


def take(buckets: Sequence[Bucket]) -> Verdict:
    """Charge every bucket once, or none when one of them is used up. Raises RedisError without Valkey."""
    global _away_until
    if time.monotonic() < _away_until:
        raise ConnectionError("Valkey did not answer a moment ago.")
    try:
        answer = valkey.connection().eval(SCRIPT, *_arguments(buckets))
    except RedisError:
        _away_until = time.monotonic() + AWAY_SECONDS
        raise
    return _verdict(answer)


async def take_one(bucket: Bucket) -> Verdict:
    """Charge one bucket, in a round trip with whoever else asks. Raises RedisError without Valkey."""
    [answer] = await valkey.ask(("EVAL", SCRIPT, *_arguments([bucket])))
    return _verdict(answer)


def _arguments(buckets: Sequence[Bucket]) -> list[Any]:
    keys = [valkey.key("limit", bucket.name, bucket.key) for bucket in buckets]
    return [len(keys), *keys, *(value for bucket in buckets for value in (bucket.quota, bucket.window))]


def _verdict(answer: Any) -> Verdict:
    wait, rest = answer
    return Verdict(float(wait), tuple(int(n) for n in rest[0::2]), tuple(float(n) for n in rest[1::2]))


MAX_LOCAL = 10_000
_local: dict[tuple[str, str], float] = {}
_local_lock = threading.Lock()


def take_here(buckets: Sequence[Bucket]) -> Verdict:
    """Do what `take` does with this process's own counts, for the time that Valkey is away."""
    now = time.monotonic()
    with _local_lock:
        if len(_local) > MAX_LOCAL:
            _local.clear()
        tats = [max(_local.get((b.name, b.key), 0.0), now) for b in buckets]
        steps = [b.window / b.quota for b in buckets]
        wait = max(tat + step - b.window - now for b, tat, step in zip(buckets, tats, steps, strict=True))
        if wait <= 0:
            tats = [tat + step for tat, step in zip(tats, steps, strict=True)]
            _local.update({(b.name, b.key): tat for b, tat in zip(buckets, tats, strict=True)})
    left = [int((b.window - (tat - now)) / step) for b, tat, step in zip(buckets, tats, steps, strict=True)]
    return Verdict(max(0.0, wait), tuple(left), tuple(tat - now for tat in tats))


def bucket(name: str, *, user: str | None, address: str, profile: str = "free") -> Bucket:
    """Make the bucket of a person, or of an address for who is not signed in."""
    for_user, for_address, window = settings.LIMIT_CLASSES[name]
    if user is None:
        return Bucket(name, f"address:{address}", for_address, window)
    return Bucket(name, f"user:{user}", for_user * settings.LIMIT_PROFILES[profile], window)


def headers(buckets: Sequence[Bucket], verdict: Verdict) -> dict[str, str]:
    """Tell policy and state of every class as structured fields (draft-ietf-httpapi-ratelimit-headers)."""
    return {
        "RateLimit-Policy": ", ".join(f'"{b.name}";q={b.quota};w={b.window}' for b in buckets),
        "RateLimit": ", ".join(
            f'"{b.name}";r={left};t={max(1, round(reset))}'
            for b, left, reset in zip(buckets, verdict.left, verdict.reset, strict=True)
        ),
    }
