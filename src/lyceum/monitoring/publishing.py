"""Each web process tells its numbers to Valkey, so that any of them answers for all; who falls silent is gone."""

import asyncio
import contextlib
import time
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.monitoring.numbers import Numbers, process_name, rates, read

log = structlog.get_logger("lyceum.monitoring")
EVERY_SECONDS = 3.0
GONE_SECONDS = 12.0
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Numbers).decode


def _key() -> str:
    return valkey.key("numbers")


async def run() -> None:
    """Tell the numbers until cancelled, then take them away."""
    client, before = valkey.open_async(), read(lag=0.0)
    try:
        while True:
            due = time.monotonic() + EVERY_SECONDS
            await asyncio.sleep(EVERY_SECONDS)
            lag = max(0.0, time.monotonic() - due)
            now = read(lag=lag)
            now.rates, before = rates(before, now), now
            try:
                await client.hset(_key(), process_name(), _encode(now))
            except (RedisError, OSError) as err:
                log.warning("numbers_not_told", error=type(err).__name__)
    finally:
        with contextlib.suppress(RedisError, OSError):
            await client.hdel(_key(), process_name())
        await client.aclose()


def all_numbers() -> list[Numbers]:
    """Return the numbers of every living web process, and forget those that fell silent."""
    client: Any = valkey.connection()
    found = []
    for name, text in client.hgetall(_key()).items():
        numbers = _read(text)
        if numbers is not None and time.time() - numbers.at <= GONE_SECONDS:
            found.append(numbers)
        else:
            client.hdel(_key(), name)
    return sorted(found, key=lambda numbers: numbers.process)


def _read(text: bytes) -> Numbers | None:
    try:
        return _decode(text)
    except msgspec.DecodeError:
        # Of a process of another version.
        return None
