"""The process's hub: groups of connections, fed by one subscription to Valkey."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from lyceum.core import tallies, valkey
from lyceum.core.live import CHANNEL, Push, unpack
from lyceum.realtime.floors import Floors
from lyceum.realtime.pace import Kept, Pace
from lyceum.realtime.writers import Frame

log = structlog.get_logger("lyceum.hub")
SILENCE_SECONDS = 10


class Member(Protocol):
    """What the hub knows of a connection; `person` is the group of all its person's connections."""

    id: str
    person: str
    groups: set[str]
    is_multiplexed: bool
    # Counts what moved it between groups, so that older knowledge is not acted on.
    moves: int

    @property
    def own_groups(self) -> set[str]:
        """The groups that are its own whatever its domain says."""

    def deliver(self, frame: Frame) -> None: ...

    def end(self, code: int) -> None: ...

    def covers(self, group: str) -> bool: ...

    def doubt(self) -> None:
        """Called when pushes may have been missed: the groups are to be read anew, then `reload` is to be told."""


def _count(push: Push, members: int) -> None:
    """Count a push for each whom it is for, by the type that its text begins with."""
    kind = push.text[9 : push.text.find(b'"', 9)].decode() if push.text.startswith(b'{"type":"') else "(none)"
    tallies.count("frames_out", kind, by=members)
    if push.at:
        tallies.took("fan_out", max(0.0, time.time() - push.at), kind)


class Hub:
    def __init__(self) -> None:
        self.groups: dict[str, set[Member]] = defaultdict(set)
        self._floors = Floors()
        self._pace = Pace(self._write_kept)
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def start(self) -> None:
        """Subscribe once; returns when frames arrive, so that nobody is established before."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._ready.wait(), 5)

    async def stop(self) -> None:
        """Let the subscription go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def join(self, member: Member, group: str, above: int = 0) -> None:
        """Let a member hear a group; `above` as in `Push`."""
        self._pace.flush(group)
        self._floors.put(group, member.person, above)
        self.groups[group].add(member)
        member.groups.add(group)

    def leave(self, member: Member, group: str) -> None:
        self._pace.flush(group)
        member.groups.discard(group)
        members = self.groups.get(group)
        if members is not None:
            members.discard(member)
            if not members:
                del self.groups[group]
                self._floors.forget(group)

    def keep_to(self, member: Member, groups: Mapping[str, int]) -> None:
        """Join and leave groups until they are these, heard above these numbers; for what was missed."""
        for group in member.groups - groups.keys():
            self.leave(member, group)
        for group, above in groups.items():
            if group not in member.groups:
                self.join(member, group, above)
            else:
                self._floors.put(group, member.person, above)

    def forget(self, member: Member) -> None:
        for group in list(member.groups):
            self.leave(member, group)

    def everyone(self) -> set[Member]:
        return {member for members in self.groups.values() for member in members}

    async def _listen(self) -> None:
        while True:
            try:
                async with valkey.open_async() as client, client.pubsub() as subscription:
                    await subscription.subscribe(valkey.key(CHANNEL))
                    await self._read(subscription)
            except (RedisError, OSError):
                log.warning("subscription_lost")
            except Exception:
                # Without this task no frame travels: what it could not handle is reported, and it begins anew.
                log.exception("subscription_failed")
            await asyncio.sleep(0.5)

    async def _read(self, subscription: PubSub) -> None:
        """Hand on what arrives; raises ConnectionError when Valkey is silent and does not answer a ping."""
        is_asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE_SECONDS)
            if message is None:
                if is_asked:
                    raise ConnectionError("Valkey does not answer")
                await subscription.ping()
            elif message["type"] == "message":
                self._hand_on(message["data"])
            elif message["type"] == "subscribe":
                if self._ready.is_set():
                    self._doubt_all()
                self._ready.set()
            is_asked = message is None

    def _hand_on(self, data: bytes) -> None:
        try:
            pushes = unpack(data)
        except msgspec.DecodeError:
            log.error("push_unreadable", size=len(data))
            return
        for push in pushes:
            self._dispatch(push)

    def _doubt_all(self) -> None:
        """After a lost subscription nobody is sure of their groups: who was removed meanwhile was not told here."""
        for member in self.everyone():
            self.keep_to(member, dict.fromkeys(member.groups & member.own_groups, 0))
            member.moves += 1
            member.doubt()

    def answer(self, member: Member, group: str, frame: Frame) -> None:
        """Write to one member, behind what its group waits for: an answer does not overtake what it answers to."""
        if not self._pace.follow(group, frame, member.id):
            self._deliver(member, frame)

    def _dispatch(self, push: Push) -> None:
        members = self.groups.get(push.group)
        if push.also:
            members = set().union(*(self.groups.get(group, ()) for group in (push.group, *push.also)))
        if not members:
            return
        _count(push, len(members))
        frame = Frame(push.text) if push.text else None
        is_hidden = self._floors.hides(push.group, push.sequence)
        if is_hidden or push.also or push.control or push.only or push.never or frame is None:
            self._pace.flush(push.group)
            self._dispatch_singly(push, members, frame)
        elif not self._pace.keep(push.group, len(members), frame, push.exclude):
            for member in list(members):
                if push.exclude not in (member.id, member.person):
                    self._deliver(member, frame)

    def _write_kept(self, group: str, kept: Kept) -> None:
        """Write joined frames: the same bytes to most, their own to who sent some of them."""
        whole, singular = kept.whole(), kept.singular
        for member in list(self.groups.get(group, ())):
            is_singular = member.id in singular or member.person in singular
            frame = kept.part(member.id, member.person) if is_singular else whole
            if frame is not None:
                tallies.count("joined_writes")
                self._deliver(member, frame)

    def _dispatch_singly(self, push: Push, members: set[Member], frame: Frame | None) -> None:
        """Carry out a push that is not the same for all, or moves them between groups."""
        if push.only or push.never:
            members = {m for m in members if m.person not in push.never and (not push.only or m.person in push.only)}
        if self._floors.hides(push.group, push.sequence):
            members = {m for m in members if not self._floors.hides_from(push.group, m.person, push.sequence)}
        verb, _, target = push.control.partition(":")
        for member in list(members):
            # What concerns a person's other conversations is for the connection that carries them all.
            is_for = verb not in ("join", "leave") or member.is_multiplexed or member.covers(target)
            if frame is not None and is_for and push.exclude not in (member.id, member.person):
                self._deliver(member, frame)
            if verb:
                self._control(member, verb, target, push.above)

    def _deliver(self, member: Member, frame: Frame) -> None:
        """Write to one member; what goes wrong there is that member's end and nobody else's loss."""
        try:
            member.deliver(frame)
        except Exception:
            log.exception("delivery_failed", connection=member.id)
            member.end(1011)

    def _control(self, member: Member, verb: str, target: str, above: int) -> None:
        member.moves += 1
        match verb:
            case "join" if member.is_multiplexed:
                self.join(member, target, above)
            case "part":
                self.leave(member, target)
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
