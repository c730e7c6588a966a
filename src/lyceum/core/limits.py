"""One exact limiter for HTTP and sockets: the generic cell rate algorithm in one Valkey script."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

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


def take(buckets: Sequence[Bucket]) -> Verdict:
    """Charge every bucket once, or none when one of them is used up. Raises ConnectionError without Valkey."""
    arguments = [value for bucket in buckets for value in (bucket.quota, bucket.window)]
    keys = [valkey.key("limit", bucket.name, bucket.key) for bucket in buckets]
    wait, rest = valkey.connection().eval(SCRIPT, len(keys), *keys, *arguments)
    return Verdict(float(wait), tuple(int(n) for n in rest[0::2]), tuple(float(n) for n in rest[1::2]))


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
