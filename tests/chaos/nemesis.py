"""What goes wrong. Each fault breaks something, holds it, and returns when it is mended; all chance is the seed's."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.cluster import Cluster, Web, apart
from tests.chaos.history import History
from tests.chaos.member import Member
from tests.chaos.workload import Workload, until_live


@dataclass
class Field:
    """What a fault may touch."""

    cluster: Cluster
    workload: Workload
    history: History
    rng: random.Random

    def any_web(self) -> Web:
        return self.rng.choice(self.cluster.webs)

    async def hold(self, low: float, high: float) -> None:
        """Leave it broken for a while, in seconds."""
        await asyncio.sleep(self.rng.uniform(low, high))

    async def talk(self, messages: int = 25) -> None:
        """Wait until so many messages more are acknowledged, or none is left to be sent."""
        workload = self.workload
        await workload.until_acknowledged(min(workload.allowed, workload.acknowledged + messages))


Fault = Callable[[Field], Awaitable[None]]
FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    def register(found: Fault) -> Fault:
        FAULTS[name] = found
        return found

    return register


async def strike(field: Field, name: str) -> None:
    """Let one fault happen, from its beginning to its end."""
    field.history.note("fault", name=name)
    await FAULTS[name](field)
    field.history.note("mended", name=name)


@fault("web process killed")
async def web_killed(field: Field) -> None:
    web = field.any_web()
    await apart(web.end, by=signal.SIGKILL)
    await field.hold(0, 0.5)
    await apart(web.start)


@fault("web process stopped")
async def web_stopped(field: Field) -> None:
    """A process that hangs: its sockets stay open and say nothing."""
    web = field.any_web()
    web.signal(signal.SIGSTOP)
    await field.hold(1.5, 3)
    web.signal(signal.SIGCONT)
    await apart(web.wait)


@fault("rolling restart")
async def rolling_restart(field: Field) -> None:
    for web in field.cluster.webs:
        await apart(web.end, by=signal.SIGTERM)
        await apart(web.start)


@fault("PostgreSQL killed")
async def postgres_killed(field: Field) -> None:
    await apart(field.cluster.servers.kill_postgres)
    await field.hold(0, 0.5)
    await apart(field.cluster.servers.postgres.start)


@fault("Valkey killed and emptied")
async def valkey_emptied(field: Field) -> None:
    servers = field.cluster.servers
    await apart(servers.kill_valkey)
    await field.talk(10)
    await field.hold(0.5, 1.5)
    servers.empty_valkey()
    await apart(servers.valkey.start)


@fault("acknowledgements dropped")
async def acknowledgements_dropped(field: Field) -> None:
    for web in field.cluster.webs:
        web.edge.acknowledgements_dropped = 0.2
    await field.talk(250)
    field.cluster.heal()


@fault("network slow")
async def network_slow(field: Field) -> None:
    edge = field.any_web().edge
    edge.latency = field.rng.uniform(0.02, 0.2)
    await field.talk(50)
    edge.heal()


@fault("network stalled")
async def network_stalled(field: Field) -> None:
    """Connections that are dead and do not say so."""
    edge = field.any_web().edge
    edge.stall()
    await field.hold(1, 3)
    edge.cut()
    edge.heal()


@fault("network cut")
async def network_cut(field: Field) -> None:
    edge = field.any_web().edge
    edge.refuses = True
    edge.cut()
    await field.talk(10)
    await field.hold(0.5, 1.5)
    edge.heal()


@fault("worker killed")
async def worker_killed(field: Field) -> None:
    await apart(field.cluster.kill_worker)
    await field.talk()
    await apart(field.cluster.start_worker)


@fault("slow readers")
async def slow_readers(field: Field) -> None:
    """Members of the loud conversations stop reading: cut off or told late, and the others feel nothing."""
    listeners = [member for room in field.workload.loud for member in field.workload.rooms[room]]
    slow = field.rng.sample(listeners, max(1, len(listeners) // 3)) if listeners else []
    for member in slow:
        member.reading.clear()
    # Those among them who send wait for answers that they do not read.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await field.talk(300)
    for member in slow:
        member.reading.set()


@fault("everybody dropped at once")
async def everybody_dropped(field: Field) -> None:
    workload = field.workload
    lives = {member: member.lives for member in workload.members}
    for web in field.cluster.webs:
        web.edge.cut()
    await asyncio.gather(*(until_live(member, after=lives[member]) for member in workload.members))


@fault("members removed and added")
async def members_removed(field: Field) -> None:
    """People come into conversations that go on, stay a little, and are removed; they see what was said in between."""
    rooms = list(field.workload.rooms)
    chosen = [(comer, field.rng.choice(rooms)) for comer in field.workload.comers]
    await asyncio.gather(*(_add(field, comer, room) for comer, room in chosen))
    await field.talk(30)
    await asyncio.gather(*(_remove(field, comer, room) for comer, room in chosen))
    await field.talk(60)


@fault("members removed while Valkey is away")
async def removed_unheard(field: Field) -> None:
    """Nobody can tell the sockets of those who are removed; they must get nothing all the same."""
    servers, rooms = field.cluster.servers, list(field.workload.rooms)
    chosen = [(comer, field.rng.choice(rooms)) for comer in field.workload.comers]
    await asyncio.gather(*(_add(field, comer, room) for comer, room in chosen))
    await field.talk(10)
    await apart(servers.kill_valkey)
    await asyncio.gather(*(_remove(field, comer, room) for comer, room in chosen))
    await apart(servers.valkey.start)
    await field.talk(60)


async def _add(field: Field, comer: Member, room: str) -> None:
    owner = field.workload.rooms[room][0]
    op = field.history.invoke(owner.who, "add", user=comer.id, conversation=room)
    status, _ = await owner.ask("POST", f"chat/conversations/{room}/members/", {"user": comer.id})
    field.history.end(owner.who, "ok" if status in (200, 201) else "fail", "add", op)


async def _remove(field: Field, comer: Member, room: str) -> None:
    owner = field.workload.rooms[room][0]
    op = field.history.invoke(owner.who, "remove", user=comer.id, conversation=room)
    status, _ = await owner.ask("DELETE", f"chat/conversations/{room}/members/{comer.id}/")
    # 404 when an earlier try without an answer had done it.
    field.history.end(owner.who, "ok" if status in (204, 404) else "fail", "remove", op)


@fault("sign-ins ended")
async def sign_ins_ended(field: Field) -> None:
    """Somebody signs another device out, somebody is deactivated; while the conversations go on."""
    workload = field.workload
    if len(workload.guests) < 2:
        return
    leaver, banned = workload.guests.pop(), workload.guests.pop()
    room = field.rng.choice(list(workload.rooms))
    for guest in (leaver, banned):
        await _add(field, guest, room)
    device = Member(leaver.person, field.history, workload.ports, seed=workload.seed, sign_in=1)
    device.follows_new = True
    device.start()
    await asyncio.gather(*(until_live(member) for member in (device, leaver, banned)))
    await asyncio.gather(_sign_out(field, leaver, device), _deactivate(field, banned))
    await field.talk(30)
    await asyncio.gather(*(_until_signed_out(member) for member in (device, banned)))
    for member in (device, leaver, banned):
        await member.stop()


async def _until_signed_out(member: Member) -> None:
    """Give it far longer than it may take: when it ended is for the checker."""
    for _ in range(100):
        if member.is_signed_out:
            return
        await asyncio.sleep(0.1)


async def _sign_out(field: Field, leaver: Member, device: Member) -> None:
    session = leaver.person.sign_ins[1][0]
    op = field.history.invoke(leaver.who, "sign out", user=device.who, line=device.line)
    status, _ = await leaver.ask("DELETE", f"users/sessions/{session}/")
    field.history.end(leaver.who, "ok" if status in (204, 404) else "fail", "sign out", op)


async def _deactivate(field: Field, banned: Member) -> None:
    op = field.history.invoke("staff", "sign out", user=banned.who, line=banned.line)
    await apart(field.cluster.deactivate, banned.id)
    field.history.end("staff", "ok", "sign out", op)
