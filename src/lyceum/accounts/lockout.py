"""Failures of sign-in slow down and then lock, per account and per address (spec 12, lockout)."""

import hashlib

import structlog

from lyceum.accounts.errors import Locked
from lyceum.accounts.models import email_key
from lyceum.core import valkey
from lyceum.core.addresses import limit_key

log = structlog.get_logger("lyceum.auth")
WINDOW_SECONDS = 15 * 60
LOCK_SECONDS = 15 * 60
ACCOUNT_FREE, ACCOUNT_LOCK = 5, 10
# The wait after the last free failure; each one after that is twice as long.
STEP_SECONDS = 1
ADDRESS_LOCK = 50

# KEYS: count and wait of the account, count of the address. A try while one waits counts as nothing.
# A try counts as a failure before the password is looked at: of many at once no more get through than one by one.
TRY = """
local wait = redis.call('PTTL', KEYS[2])
local tries = tonumber(redis.call('GET', KEYS[3]) or '0')
if tries >= tonumber(ARGV[5]) then wait = math.max(wait, redis.call('PTTL', KEYS[3])) end
if wait > 0 then return {wait, 0} end
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
if redis.call('INCR', KEYS[3]) == 1 then redis.call('EXPIRE', KEYS[3], ARGV[1]) end
if n >= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], '1', 'EX', ARGV[4])
  redis.call('DEL', KEYS[1])
elseif n >= tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], '1', 'EX', math.floor(ARGV[6] * 2 ^ (n - tonumber(ARGV[2]))))
end
return {0, n}
"""
TAKE_BACK = """
redis.call('DEL', KEYS[1], KEYS[2])
if tonumber(redis.call('GET', KEYS[3]) or '0') > 0 then redis.call('DECR', KEYS[3]) end
"""
# A try that was neither: counted down again, and a lock that it alone made is opened. A shorter wait of its own
# stays, so that nobody ends another's by it.
UNDO = """
local n = tonumber(ARGV[1])
if n >= tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], n - 1, 'EX', ARGV[3])
  redis.call('DEL', KEYS[2])
elseif tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
if tonumber(redis.call('GET', KEYS[3]) or '0') > 0 then redis.call('DECR', KEYS[3]) end
"""


def _keys(email: str, address: str) -> list[str]:
    account = hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()
    return [
        valkey.key("lockout", "count", account),
        valkey.key("lockout", "wait", account),
        valkey.key("lockout", "address", limit_key(address)),
    ]


def begin(email: str, address: str) -> int:
    """Count a try as a failure, which `succeed` takes back; raises Locked while the account or the address waits.

    Unknown accounts are treated alike. Returns the number of this try, for `undo`.
    """
    bounds = (WINDOW_SECONDS, ACCOUNT_FREE, ACCOUNT_LOCK, LOCK_SECONDS, ADDRESS_LOCK, STEP_SECONDS)
    wait, number = valkey.connection().eval(TRY, 3, *_keys(email, address), *bounds)
    if wait > 0:
        log.warning("sign_in_locked", address=address, seconds=wait // 1000)
        raise Locked(retry_after=wait / 1000)
    return int(number)


def succeed(email: str, address: str) -> None:
    """Clear the account's count and take this try from the address's."""
    valkey.connection().eval(TAKE_BACK, 3, *_keys(email, address))


def undo(email: str, address: str, number: int) -> None:
    """Take back a try that neither failed nor succeeded, such as a right password without its second factor.

    It clears nothing: who knows the password could else guess codes without end.
    """
    valkey.connection().eval(UNDO, 3, *_keys(email, address), number, ACCOUNT_LOCK, WINDOW_SECONDS)
