"""The WebSocket gateway: one ASGI application with its own receive loop; it knows no domain."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from lyceum.accounts import public as accounts
from lyceum.core import presence, tallies
from lyceum.core.access_lines import Source
from lyceum.core.errors import DomainError
from lyceum.core.ids import uuid7
from lyceum.realtime import registry
from lyceum.realtime.connections import TOO_SLOW, Connection, error, stamped
from lyceum.realtime.handshakes import Handshake, Refused, admit
from lyceum.realtime.hub import hub
from lyceum.realtime.inbox import Inbox
from lyceum.realtime.protocol import EXTENSION, Direct
from lyceum.realtime.threads import in_thread, later
from lyceum.realtime.writers import Frame, QueueWriter, TransportWriter, Writer

faults = structlog.get_logger("lyceum.errors")
MAX_FRAME_BYTES = 128 * 1024
SOCKETS_A_PERSON = 20
HEARTBEAT_SECONDS = 15.0
# Between tries to read a connection's groups anew; it hears nothing of them until then.
DOUBT_SECONDS = 0.5
PRESENCE_SWEEP_SECONDS = 1.0
MAX_AGE_SECONDS = 12 * 3600
DRAIN_A_SECOND = 50
RESTART, FAULT = 1012, 1011
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one WebSocket from handshake to close; codes are those of the contract."""
    started = time.perf_counter()
    if (await receive())["type"] != "websocket.connect":
        return
    handshake = Handshake.of(scope)
    # Every line about this connection, and the jobs that it asks for, carry these.
    known = {"request_id": str(uuid7()), "path": handshake.template, "address": handshake.address, "user": None}
    structlog.contextvars.bind_contextvars(**known)
    source = Source(**known)
    await send({"type": "websocket.accept", "subprotocol": handshake.accepted})
    code = FAULT
    try:
        sign_in, conversation = await admit(handshake)
        structlog.contextvars.bind_contextvars(user=str(sign_in.user_id))
        source = Source(**{**known, "user": str(sign_in.user_id)})
        tallies.count("sockets_opened", handshake.template)
        source.write("socket_opened", method="open", status="ok", duration_ms=_since(started))
        direct: Direct | None = (scope.get("extensions") or {}).get(EXTENSION)
        if direct is not None:
            direct.forget_handshake()
        handshake.headers.clear()
        writer: Writer = TransportWriter(direct.transport, send) if direct is not None else QueueWriter(send)
        code = await _serve(Connection(sign_in, conversation, writer, source), receive, direct)
    except Refused as refusal:
        code = await _close(send, refusal.code, refusal.reason, refusal.frame)
    except (RedisError, DatabaseError, TimeoutError) as err:
        faults.warning("socket_unavailable", error=type(err).__name__)
        refusal_frame = error("unavailable", "This is not available now. Try again soon.", retry_after=2.0)
        code = await _close(send, RESTART, "unavailable", refusal_frame)
    except Exception as err:  # noqa: BLE001  # the edge: logged once, told as 1011
        faults.error("socket_failed", exc_info=err)
        await _close(send, FAULT)
    finally:
        tallies.count("sockets_closed", handshake.template, str(code))
        source.write("socket_closed", method="close", status=code, duration_ms=_since(started))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


async def _close(send: Send, code: int, reason: str = "", frame: dict[str, Any] | None = None) -> int:
    with contextlib.suppress(OSError, RuntimeError):
        if frame is not None:
            await send({"type": "websocket.send", "text": stamped(frame).decode()})
        await send({"type": "websocket.close", "code": code, "reason": reason})
    return code


async def _serve(connection: Connection, receive: Receive, direct: Direct | None) -> int:
    """Take a place among the person's sockets, run, and give it back."""
    sign_in = connection.sign_in
    if not await presence.take_place(sign_in.user_id, connection.id, most=SOCKETS_A_PERSON):
        refusal = error("too_many_sockets", f"At most {SOCKETS_A_PERSON} connections at once.")
        raise Refused(4429, "too many connections", refusal)
    try:
        return await _run(connection, receive, direct)
    finally:
        hub().forget(connection)
        try:
            await presence.give_place(sign_in.user_id, connection.id)
            await registry.domain().closed(connection)
        except (RedisError, DatabaseError) as err:
            faults.warning("leaving_failed", error=type(err).__name__)


async def _run(connection: Connection, receive: Receive, direct: Direct | None) -> int:
    """Establish, then read frames until one side ends; returns the code."""
    await hub().start()
    if not await _establish(connection):
        raise Refused(4403, "not yours")
    _watch_presence()
    inbox = Inbox(connection)
    if direct is not None:
        direct.receive_by(inbox)
    reader = asyncio.create_task(_read(inbox, receive))
    heart = asyncio.create_task(_beat(connection))
    try:
        done, _ = await asyncio.wait({reader, connection.ending}, return_when=asyncio.FIRST_COMPLETED)
        code = connection.ending.result() if connection.ending in done else reader.result()
        is_ours_to_close = reader not in done or code >= 4000
        connection.end(code)
        if code == TOO_SLOW:
            await connection.writer.cut_off(code)
        elif is_ours_to_close:
            with contextlib.suppress(OSError, RuntimeError):
                await connection.writer.close(code, "")
        return code
    finally:
        heart.cancel()
        reader.cancel()
        inbox.drop()


async def _establish(connection: Connection) -> bool:
    """Join the groups, then say where things stand; False when the conversation is not the person's."""
    domain, sign_in, conversation = registry.domain(), connection.sign_in, connection.conversation
    for group in connection.own_groups:
        hub().join(connection, group)
    # Who is removed between the reading and the joining is moved by a push to their own group.
    moves, groups = -1, None
    while moves != connection.moves:
        moves = connection.moves
        groups = await domain.groups(sign_in, conversation)
    if groups is None:
        return False
    for group, above in groups.items():
        hub().join(connection, group, above)
    # The numbers are read after the groups are joined, so nothing falls between.
    opening = await domain.open(sign_in, conversation)
    # A sign-in that ended after it was looked at has told only those who had joined.
    if not await accounts.is_alive(sign_in):
        raise Refused(4401, "signed out")
    if opening is None:
        return False
    established = {"type": "connection_established", "session_id": connection.id, **opening.established}
    # Ahead of what the groups have sent meanwhile.
    connection.writer.put_first([Frame(stamped(fields)) for fields in (established, *opening.follow_up)])
    connection.writer.start()
    try:
        await domain.opened(sign_in, connection.id)
    except RedisError as err:
        # The next heartbeat tells of the person again.
        faults.warning("presence_not_told", error=type(err).__name__)
    return True


async def _beat(connection: Connection) -> None:
    """Tell the last numbers, and hold the connection to what the database says: pushes may get lost."""
    opened = time.monotonic()
    while True:
        if not connection.is_doubted:
            await connection.rest(HEARTBEAT_SECONDS)
        if time.monotonic() - opened > MAX_AGE_SECONDS:
            connection.end(RESTART)
            return
        try:
            await _beat_once(connection)
        except (DomainError, RedisError, DatabaseError) as err:
            faults.warning("heartbeat_failed", error=type(err).__name__)
        if connection.is_doubted:
            await asyncio.sleep(DOUBT_SECONDS)


async def _beat_once(connection: Connection) -> None:
    sign_in, moves = connection.sign_in, connection.moves
    if not await accounts.is_alive(sign_in):
        connection.end(4401)
        return
    beat = await registry.domain().beat(sign_in, connection.conversation, connection.told)
    if beat is None:
        connection.end(4403)
        return
    if moves == connection.moves:
        hub().keep_to(connection, dict.fromkeys(connection.own_groups, 0) | beat.groups)
        if connection.is_doubted:
            connection.is_doubted = False
            connection.answer({"type": "reload", "count": 0})
    connection.answer({"type": "heartbeat", **beat.fields})
    await presence.stay(sign_in.user_id, connection.id, connection.state)


async def _read(inbox: Inbox, receive: Receive) -> int:
    """Hand on what arrives until the peer has gone; a server that gives its transport hands on most by itself."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await inbox.finish()
            return int(message.get("code") or 1005)
        text = message.get("text")
        if text is None or len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
            return 4409
        if not inbox.take(text):
            await inbox.room()


_watching: dict[int, bool] = {}


def _watch_presence() -> None:
    """Start the one task of this loop that tells who went, wherever their connection was."""
    loop = id(asyncio.get_running_loop())
    if loop not in _watching:
        _watching[loop] = True
        later(_tell_who_went())


async def _tell_who_went() -> None:
    while True:
        await asyncio.sleep(PRESENCE_SWEEP_SECONDS)
        try:
            for user_id in await in_thread(presence.take_gone):
                await registry.domain().went(user_id)
        except (RedisError, DatabaseError) as err:
            faults.warning("presence_sweep_failed", error=type(err).__name__)


async def drain() -> None:
    """Tell every client to come back at its own time, and close at most 50 a second with 1012."""
    members: list[Any] = list(hub().everyone())
    random.shuffle(members)
    for index, member in enumerate(members):
        wait = random.uniform(0.5, 3) + index / DRAIN_A_SECOND  # noqa: S311  # spreads load, hides nothing
        member.answer({"type": "draining", "reconnect_in": round(wait, 2)})
    for index, member in enumerate(members):
        member.end(RESTART)
        if index % DRAIN_A_SECOND == DRAIN_A_SECOND - 1:
            await asyncio.sleep(1)
    if members:
        await asyncio.sleep(0.1)
