"""Failures of sign-in slow down and then lock, per account and per address (spec 12, lockout)."""

import hashlib

from lyceum.accounts.errors import Locked
from lyceum.accounts.models import email_key
from lyceum.core import valkey
from lyceum.core.addresses import limit_key

WINDOW_SECONDS = 15 * 60
LOCK_SECONDS = 15 * 60
ACCOUNT_FREE, ACCOUNT_LOCK = 5, 10
ADDRESS_LOCK = 50

# KEYS: count and wait of the account, count of the address. A try while one waits counts as nothing.
CHECK = """
local wait = redis.call('PTTL', KEYS[2])
local tries = tonumber(redis.call('GET', KEYS[3]) or '0')
if tries >= tonumber(ARGV[1]) then wait = math.max(wait, redis.call('PTTL', KEYS[3])) end
return math.max(wait, 0)
"""
FAIL = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
if redis.call('INCR', KEYS[3]) == 1 then redis.call('EXPIRE', KEYS[3], ARGV[1]) end
if n >= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], '1', 'EX', ARGV[4])
  redis.call('DEL', KEYS[1])
elseif n >= tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], '1', 'EX', math.floor(2 ^ (n - tonumber(ARGV[2]))))
end
return n
"""


def _keys(email: str, address: str) -> list[str]:
    account = hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()
    return [
        valkey.key("lockout", "count", account),
        valkey.key("lockout", "wait", account),
        valkey.key("lockout", "address", limit_key(address)),
    ]


def check(email: str, address: str) -> None:
    """Raise Locked while the account or the address has to wait; unknown accounts are treated alike."""
    wait = int(valkey.connection().eval(CHECK, 3, *_keys(email, address), ADDRESS_LOCK))
    if wait > 0:
        raise Locked(retry_after=wait / 1000)


def note_failure(email: str, address: str) -> None:
    valkey.connection().eval(FAIL, 3, *_keys(email, address), WINDOW_SECONDS, ACCOUNT_FREE, ACCOUNT_LOCK, LOCK_SECONDS)


def note_success(email: str, address: str) -> None:
    valkey.connection().delete(*_keys(email, address)[:2])
