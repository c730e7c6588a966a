import os
import time
from datetime import datetime
from uuid import UUID


def uuid7(at: datetime | None = None) -> UUID:
    """Make a UUIDv7 (RFC 9562, section 5.7) of now or of a given time: 48 bits of milliseconds, 74 of chance."""
    milliseconds = time.time_ns() // 1_000_000 if at is None else int(at.timestamp() * 1000)
    chance = int.from_bytes(os.urandom(10), "big")
    high = (milliseconds & ((1 << 48) - 1)) << 80
    return UUID(int=high | 0x7 << 76 | (chance >> 68) << 64 | 0b10 << 62 | chance & ((1 << 62) - 1))
