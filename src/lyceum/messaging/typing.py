"""Who is typing: told at most every 3 seconds, over after 6 without another word of it. Kept with each connection."""

import asyncio
import time
from uuid import UUID

from lyceum.core.live import make_push, publish_soon
from lyceum.messaging.sending import group_of
from lyceum.realtime.registry import Caller
from lyceum.realtime.threads import later

ENDS_SECONDS, TOLD_SECONDS = 6.0, 3.0
# By conversation: when it was last told, and the timer that ends it.
Kept = dict[UUID, tuple[float, asyncio.TimerHandle]]


def _kept(caller: Caller) -> Kept:
    kept: Kept = caller.kept.setdefault("typing", {})
    return kept


async def note(caller: Caller, where: UUID, *, is_typing: bool) -> None:
    """Begin, prolong or end typing in a conversation."""
    told_at = forget(caller, where)
    if not is_typing:
        if told_at is not None:
            await tell(caller, where, is_typing=False)
        return
    moment = time.monotonic()
    is_due = told_at is None or moment - told_at >= TOLD_SECONDS
    ends = asyncio.get_running_loop().call_later(ENDS_SECONDS, lambda: later(_end(caller, where)))
    _kept(caller)[where] = (moment if told_at is None or is_due else told_at, ends)
    if is_due:
        await tell(caller, where, is_typing=True)


def forget(caller: Caller, where: UUID) -> float | None:
    """End typing without a frame, as sending does; returns when it was last told."""
    told_at, timer = _kept(caller).pop(where, (None, None))
    if timer is not None:
        timer.cancel()
    return told_at


def forget_all(caller: Caller) -> list[UUID]:
    """End typing everywhere without a frame; returns where there was any."""
    return [where for where in list(_kept(caller)) if forget(caller, where) is not None]


async def _end(caller: Caller, where: UUID) -> None:
    if forget(caller, where) is not None:
        await tell(caller, where, is_typing=False)


async def tell(caller: Caller, where: UUID, *, is_typing: bool) -> None:
    user_id = caller.sign_in.user_id
    frame = {"type": "typing_indicator", "user": user_id, "is_typing": is_typing}
    await publish_soon([make_push(group_of(where), frame, exclude=f"user:{user_id}")])
