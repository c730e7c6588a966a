"""The process's hub: groups of connections, fed by one subscription to Valkey."""

import asyncio
from collections import defaultdict
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.core.json import dump
from lyceum.core.live import CHANNEL, SEPARATOR
from lyceum.realtime.writers import Frame

log = structlog.get_logger("lyceum.hub")


class Member(Protocol):
    """What the hub knows of a connection."""

    id: str
    user_id: str
    groups: set[str]
    is_multiplexed: bool

    def deliver(self, frame: Frame) -> None: ...

    def end(self, code: int) -> None: ...

    def covers(self, group: str) -> bool: ...


class Hub:
    def __init__(self) -> None:
        self.groups: dict[str, set[Member]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def start(self) -> None:
        """Subscribe once; returns when frames arrive, so that nobody is established before."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._ready.wait(), 5)

    def join(self, member: Member, group: str) -> None:
        self.groups[group].add(member)
        member.groups.add(group)

    def leave(self, member: Member, group: str) -> None:
        member.groups.discard(group)
        members = self.groups.get(group)
        if members is not None:
            members.discard(member)
            if not members:
                del self.groups[group]

    def forget(self, member: Member) -> None:
        for group in list(member.groups):
            self.leave(member, group)

    def everyone(self) -> set[Member]:
        return {member for members in self.groups.values() for member in members}

    async def _listen(self) -> None:
        is_first = True
        while True:
            client = valkey.open_async()
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(valkey.key(CHANNEL))
                    self._ready.set()
                    if not is_first:
                        self._tell_all_to_reload()
                    is_first = False
                    async for message in subscription.listen():
                        self._dispatch(message["data"])
            except (RedisError, OSError):
                log.warning("subscription_lost")
                await asyncio.sleep(0.5)
            finally:
                await client.aclose()

    def _tell_all_to_reload(self) -> None:
        """After a lost subscription frames may be missing: every client asks for what it missed."""
        frame = Frame(dump({"type": "reload", "count": 0}))
        for member in self.everyone():
            member.deliver(frame)

    def _dispatch(self, data: bytes) -> None:
        group_name, exclude, control, text = data.split(SEPARATOR, 3)
        group = group_name.decode()
        members = self.groups.get(group)
        if not members:
            return
        excluded, order = exclude.decode(), control.decode()
        frame = Frame(text) if text else None
        verb, _, target = order.partition(":")
        for member in list(members):
            # What concerns a person's other conversations is for the connection that carries them all.
            is_for = verb not in ("join", "leave") or member.is_multiplexed or member.covers(target)
            if frame is not None and is_for and excluded not in (member.id, f"user:{member.user_id}"):
                member.deliver(frame)
            self._control(member, verb, target)

    def _control(self, member: Member, verb: str, target: str) -> None:
        match verb:
            case "join" if member.is_multiplexed:
                self.join(member, target)
            case "leave":
                self.leave(member, target)
                if not member.is_multiplexed and member.covers(target):
                    member.end(4403)
            case "close":
                member.end(int(target))


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """Return the hub of the running event loop."""
    loop: Any = asyncio.get_running_loop()
    return _hubs.setdefault(id(loop), Hub())
