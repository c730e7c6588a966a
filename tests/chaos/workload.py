"""W1, people who chat: conversations × members × senders over all web processes; unknown outcomes are tried again."""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.chaos.cluster import Cluster, apart
from tests.chaos.facts import HEAD
from tests.chaos.history import History
from tests.chaos.member import Member, Person

# A person may send 10 frames a second; acknowledgements, reads and pings count too.
PACE_SECONDS = 0.14
SETTLE_SECONDS = 60.0
MOST_STANDINGS = 200
PARTS = 3


@dataclass(frozen=True)
class Shape:
    """How much of everything; `loud` conversations have messages that fill a slow reader's buffers."""

    conversations: int = 20
    members: int = 10
    people: int = 60
    senders: int = 40
    loud: int = 1
    # People who come and go, and people whose sign-in ends.
    comers: int = 6
    guests: int = 6
    # Between losing a connection and the next try, from and to, in seconds.
    jitter: tuple[float, float] = (0.1, 1.5)


LARGE = Shape()
# A thousand sockets in rooms of a moderate size.
CROWD = Shape(conversations=100, people=1000, senders=20, loud=0, comers=0, guests=0, jitter=(0.2, 5.0))
SMALL = Shape(conversations=2, members=8, people=12, senders=12, comers=2, guests=2)


class Workload:
    def __init__(self, cluster: Cluster, history: History, *, shape: Shape = LARGE, seed: int) -> None:
        self.cluster, self.history, self.shape, self.seed = cluster, history, shape, seed
        self.rng = random.Random(seed)
        self.ports = [web.edge.port for web in cluster.webs]
        self.members: list[Member] = []
        self.rooms: dict[str, list[Member]] = {}
        self.comers: list[Member] = []
        self.guests: list[Member] = []
        self.loud: set[str] = set()
        self.acknowledged = self.taken = self.allowed = 0
        self._moved = asyncio.Condition()
        self._talking: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Workload":
        shape = self.shape
        made = await apart(self.cluster.make_people, shape.people + shape.comers + shape.guests)
        people = [Person(found["id"], [tuple(s) for s in found["sign_ins"]]) for found in made]  # type: ignore[arg-type, attr-defined]
        everyone = [
            Member(p, self.history, self.ports, seed=self.seed + n, jitter=shape.jitter) for n, p in enumerate(people)
        ]
        self.members, rest = everyone[: shape.people], everyone[shape.people :]
        self.comers, self.guests = rest[: shape.comers], rest[shape.comers :]
        for comer in self.comers:
            comer.follows_new = True
        await in_parts(self._make_room(number) for number in range(shape.conversations))
        self.loud = set(list(self.rooms)[: shape.loud])
        await in_parts((self._open(member) for member in everyone), at_once=50)
        self._talking = [asyncio.create_task(self._talk(number)) for number in range(shape.senders)]
        return self

    async def _open(self, member: Member) -> None:
        member.start()
        await until_live(member)

    async def _make_room(self, number: int) -> None:
        # Every person is somewhere, the rest is chance.
        first = number * self.shape.people // self.shape.conversations
        always = self.members[first : (number + 1) * self.shape.people // self.shape.conversations]
        others = [member for member in self.members if member not in always]
        chosen = [*always, *self.rng.sample(others, max(0, self.shape.members - len(always)))]
        body = {"kind": "group", "name": f"Room {number}", "participants": [m.id for m in chosen[1:]]}
        status, made = await chosen[0].ask("POST", "chat/conversations/", body)
        assert status == 201, made
        self.rooms[made["id"]] = chosen
        for member in chosen:
            member.last[made["id"]] = 0
            self.history.note("member", user=member.id, conversation=made["id"], above=0)

    async def __aexit__(self, *_: object) -> None:
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await asyncio.gather(*(m.stop() for m in (*self.members, *self.comers, *self.guests)))

    # Talking.

    async def allow(self, more: int) -> None:
        """Let senders send so many messages more."""
        async with self._moved:
            self.allowed += more
            self._moved.notify_all()

    async def until_acknowledged(self, count: int, *, within: float = 300.0) -> None:
        async with asyncio.timeout(within), self._moved:
            await self._moved.wait_for(lambda: self.acknowledged >= count)

    async def _take(self, most: int) -> range:
        async with self._moved:
            await self._moved.wait_for(lambda: self.taken < self.allowed)
            first = self.taken
            self.taken += min(most, self.allowed - first)
            return range(first, self.taken)

    async def _talk(self, number: int) -> None:
        """Send one after the other; now and then several at once, over HTTP, or the same thing more than once."""
        member, rng = self.members[number], random.Random(self.seed * 1000 + number)
        mine = [room for room, members in self.rooms.items() if member in members]
        while True:
            style = rng.choices(("plain", "burst", "http", "twice"), (80, 8, 7, 5))[0]
            numbers = await self._take(PARTS if style == "burst" else 1)
            began = time.monotonic()
            room = rng.choice(mine)
            sends = [self._send_one(member, room, number, style) for number in numbers]
            await asyncio.gather(*sends)
            if rng.random() < 0.2:
                await member.read(room, rng.randint(0, member.last.get(room, 0)))
            await asyncio.sleep(max(0.0, PACE_SECONDS * len(sends) - (time.monotonic() - began)))

    async def _send_one(self, member: Member, room: str, number: int, style: str) -> None:
        client_id = f"{self.seed}-{number}"
        text = f"{client_id} " + ("The gossan runs along the contact. " * 220 if room in self.loud else "of quartz")
        over = "http" if style == "http" else "socket"
        found = await member.send(room, client_id, text.strip(), over=over, twice=style == "twice")
        async with self._moved:
            self.acknowledged += 1
            self._moved.notify_all()
        if found is None:
            self.history.note("given up", client_id=client_id)

    # The end.

    def is_settled(self, ends: dict[str, int]) -> bool:
        return all(m.last.get(room) == ends[room] for room, members in self.rooms.items() for m in members)

    async def settle(self, patience: float) -> None:
        """Wait until everybody has everything, or for long; what is late or missing is for the checkers to find."""
        self.history.note("healed")
        ends = {}
        for room, members in self.rooms.items():
            _, found = await members[0].ask("GET", f"chat/conversations/{room}/")
            ends[room] = found["last_sequence"]
        limit = time.monotonic() + patience
        while not self.is_settled(ends) and time.monotonic() < limit:
            await asyncio.sleep(0.1)

    async def look_back(self) -> None:
        """Read every conversation to its end as two members, and where members stand in it."""
        for room, members in self.rooms.items():
            for reader in self.rng.sample(members, 2):
                messages = await self._read_all(reader, room)
                self.history.saw(reader.who, "reading", conversation=room, messages=messages)
        places = [(member, room) for room, members in self.rooms.items() for member in members]
        chosen = self.rng.sample(places, min(MOST_STANDINGS, len(places)))
        await in_parts(self._stand(member, room) for member, room in chosen)

    async def _read_all(self, reader: Member, room: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            last = found[-1]["sequence"] if found else 0
            path = f"chat/conversations/{room}/messages/?after={last}&limit=200"
            status, page = await reader.ask("GET", path)
            assert status == 200, page
            found += [_kept(message) for message in page["results"]]
            # A page that leads back would lead back for ever.
            has_more = page["has_more"] and found[-1]["sequence"] > last
        return found

    async def _stand(self, member: Member, room: str) -> None:
        status, found = await member.ask("GET", f"chat/conversations/{room}/")
        assert status == 200, found
        [mark] = [p["read_sequence"] for p in found["participants"] if p["id"] == member.id]
        self.history.saw(member.who, "standing", conversation=room, read_sequence=mark, unread=found["unread_count"])


def _kept(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "sequence": message["sequence"],
        "id": message["id"],
        "client_id": message["client_id"],
        "sender": message["sender"]["id"],
        "text": message["content"][:HEAD],
    }


async def until_live(member: Member, *, after: int = 0, within: float = 120.0) -> None:
    """Wait until a member has a connection, and not one of the first `after` that it had."""
    async with asyncio.timeout(within), member.told:
        await member.told.wait_for(lambda: member.live.is_set() and member.lives > after)


async def in_parts(works: Iterable[Any], *, at_once: int = 10) -> None:
    gate = asyncio.Semaphore(at_once)

    async def one(work: Any) -> None:
        async with gate:
            await work

    await asyncio.gather(*(one(work) for work in works))
