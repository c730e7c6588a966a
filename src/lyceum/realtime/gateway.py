"""The WebSocket gateway: one ASGI application with its own receive loop; it knows no domain."""

import asyncio
import contextlib
import random
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from lyceum.accounts import public as accounts
from lyceum.core import json, limits, presence
from lyceum.core.addresses import client_address, limit_key
from lyceum.core.errors import DomainError, FieldError
from lyceum.realtime import registry
from lyceum.realtime.hub import hub
from lyceum.realtime.protocol import EXTENSION
from lyceum.realtime.threads import in_thread, later
from lyceum.realtime.writers import Frame, QueueWriter, TransportWriter, Writer

log = structlog.get_logger("lyceum.access")
faults = structlog.get_logger("lyceum.errors")
MAX_FRAME_BYTES = 128 * 1024
FRAMES_A_SECOND, FRAMES_BURST = 10, 30
FLOOD_REFUSALS, FLOOD_SECONDS = 100, 10
SOCKETS_A_PERSON = 20
HEARTBEAT_SECONDS = 15.0
MAX_AGE_SECONDS = 12 * 3600
DRAIN_A_SECOND = 50
SUBPROTOCOL = "lyceum.v1"
TICKET = re.compile(r"ticket\.([A-Za-z0-9_-]{22,128})")
PATH = re.compile(r"/ws/(?:chat/([0-9a-fA-F-]{36})/)?")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def now() -> datetime:
    return datetime.now(UTC)


class FrameLimit:
    """10 frames a second with a burst of 30 on one connection (a token bucket)."""

    def __init__(self) -> None:
        self._left, self._at = float(FRAMES_BURST), time.monotonic()
        self._refusals: list[float] = []

    def take(self) -> float:
        """Return 0 when the frame passes, else the seconds to wait."""
        if not settings.LIMITS_ENABLED:
            return 0.0
        moment = time.monotonic()
        self._left = min(FRAMES_BURST, self._left + (moment - self._at) * FRAMES_A_SECOND)
        self._at = moment
        if self._left >= 1:
            self._left -= 1
            return 0.0
        self._refusals = [at for at in self._refusals if moment - at < FLOOD_SECONDS] + [moment]
        return (1 - self._left) / FRAMES_A_SECOND

    @property
    def is_flood(self) -> bool:
        return len(self._refusals) > FLOOD_REFUSALS


class Connection:
    """One open socket of a signed-in person."""

    def __init__(self, sign_in: accounts.SignIn, conversation: UUID | None, writer: Writer) -> None:
        self.id = secrets.token_hex(12)
        self.sign_in, self.conversation, self.writer = sign_in, conversation, writer
        self.user_id = str(sign_in.user_id)
        self.person = f"user:{sign_in.user_id}"
        self.is_multiplexed = conversation is None
        self.groups: set[str] = set()
        self.limit = FrameLimit()
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.state = "online"
        self.told: dict[str, int] = {}

    def covers(self, group: str) -> bool:
        return self.conversation is not None and group == f"conversation:{self.conversation}"

    def deliver(self, frame: Frame) -> None:
        if self.ending.done():
            return
        if not self.writer.write(frame):
            hub().forget(self)
            self.writer.cut_off(4408)
            self.end(4408)

    def answer(self, frame: dict[str, Any]) -> None:
        self.deliver(self.frame(frame))

    @staticmethod
    def frame(fields: dict[str, Any]) -> Frame:
        return Frame(json.dump({"type": fields["type"], "timestamp": now(), **fields}))

    def end(self, code: int) -> None:
        """Close soon with a code; frames given before still go out."""
        hub().forget(self)
        if not self.ending.done():
            self.ending.set_result(code)


def error(
    code: str,
    message: str,
    *,
    client_id: Any = None,
    retry_after: float | None = None,
    errors: list[FieldError] | None = None,
    conversation: UUID | None = None,
) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": "error", "code": code, "message": message}
    if isinstance(client_id, str):
        frame["client_id"] = client_id[:64]
    if retry_after is not None:
        frame["retry_after"] = round(retry_after, 3)
    if errors is not None:
        frame["errors"] = [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors]
    if conversation is not None:
        frame["conversation"] = conversation
    return frame


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one WebSocket from handshake to close; codes are those of the contract."""
    started = time.perf_counter()
    message = await receive()
    if message["type"] != "websocket.connect":
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    offered = scope.get("subprotocols") or []
    chosen = SUBPROTOCOL if SUBPROTOCOL in offered else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    code, connection = 1011, None
    try:
        code, connection = await _serve(scope, headers, offered, receive, send)
    except Exception as err:  # noqa: BLE001  # the edge: logged once, told as 1011
        faults.error("socket_failed", exc_info=err)
        await _close(send, 1011)
    finally:
        log.info(
            "socket",
            path="/ws/chat/{id}/" if "/chat/" in scope["path"] else "/ws/",
            code=code,
            duration_ms=round((time.perf_counter() - started) * 1000),
            user=connection.user_id if connection else None,
            address=_address(scope, headers),
        )


def _address(scope: dict[str, Any], headers: dict[str, str]) -> str:
    peer = (scope.get("client") or ("", 0))[0] or ""
    return client_address(peer, headers.get("x-forwarded-for", ""))


async def _close(send: Send, code: int, reason: str = "") -> int:
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.close", "code": code, "reason": reason})
    return code


async def _serve(
    scope: dict[str, Any], headers: dict[str, str], offered: list[str], receive: Receive, send: Send
) -> tuple[int, Connection | None]:
    path = PATH.fullmatch(scope["path"] if scope["path"].endswith("/") else scope["path"] + "/")
    tickets = [match.group(1) for part in offered if (match := TICKET.fullmatch(part))]
    is_ticket_offered = any(part.startswith("ticket.") for part in offered)
    if path is None or (offered and SUBPROTOCOL not in offered):
        return await _close(send, 4400, "not our protocol"), None
    conversation = None
    if path.group(1):
        try:
            conversation = UUID(path.group(1))
        except ValueError:
            return await _close(send, 4403), None
    sign_in = await _authenticate(headers, tickets, is_ticket_offered)
    if sign_in is None:
        return await _close(send, 4401, "sign in first"), None
    if wait := await in_thread(_count_handshake, sign_in, limit_key(_address(scope, headers))):
        frame = error("rate_limited", "Too many connections. Wait a little.", retry_after=wait)
        await send({"type": "websocket.send", "text": json.dump({**frame, "timestamp": now()}).decode()})
        return await _close(send, 4429), None

    transport = (scope.get("extensions") or {}).get(EXTENSION, {}).get("transport")
    writer: Writer = TransportWriter(transport, send) if transport is not None else QueueWriter(send)
    connection = Connection(sign_in, conversation, writer)
    if not await in_thread(presence.take_place, sign_in.user_id, connection.id, most=SOCKETS_A_PERSON):
        frame = error("too_many_sockets", f"At most {SOCKETS_A_PERSON} connections at once.")
        await send({"type": "websocket.send", "text": json.dump({**frame, "timestamp": now()}).decode()})
        return await _close(send, 4429), None
    try:
        return await _run(connection, receive), connection
    finally:
        hub().forget(connection)
        await in_thread(presence.give_place, sign_in.user_id, connection.id)
        await in_thread(registry.domain().closed, sign_in, connection.id)
        later(_went(sign_in))


async def _went(sign_in: accounts.SignIn) -> None:
    await asyncio.sleep(presence.GRACE_SECONDS + 0.1)
    await in_thread(registry.domain().went, sign_in)


def _count_handshake(sign_in: accounts.SignIn, address: str) -> float:
    if not settings.LIMITS_ENABLED:
        return 0.0
    bucket = limits.bucket("api", user=str(sign_in.user_id), address=address, profile=sign_in.limit_profile)
    return limits.take([bucket]).wait


async def _authenticate(headers: dict[str, str], tickets: list[str], is_ticket_offered: bool) -> accounts.SignIn | None:
    if is_ticket_offered:
        return await in_thread(accounts.sign_in_by_ticket, tickets[0]) if tickets else None
    origin = headers.get("origin", "")
    if not origin or not (urlsplit(origin).netloc == headers.get("host") or origin in settings.CORS_ALLOWED_ORIGINS):
        return None
    cookies = dict(part.strip().split("=", 1) for part in headers.get("cookie", "").split(";") if "=" in part)
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    return await in_thread(accounts.sign_in_by_cookie, key) if key else None


async def _run(connection: Connection, receive: Receive) -> int:
    """Establish, then read frames until one side ends; returns the code."""
    domain = registry.domain()
    await hub().start()
    hub().join(connection, f"session:{connection.sign_in.session_id}")
    hub().join(connection, connection.person)
    opening = await in_thread(domain.open, connection.sign_in, connection.conversation)
    if opening is None:
        await connection.writer.close(4403, "")
        return 4403
    for group in opening.groups:
        hub().join(connection, group)
    # Groups are joined before the numbers are read again, so nothing falls between.
    opening = await in_thread(domain.open, connection.sign_in, connection.conversation) or opening
    established = {
        "type": "connection_established",
        "session_id": connection.id,
        **opening.established,
    }
    # Ahead of what the groups have sent meanwhile.
    connection.writer.put_first([connection.frame(fields) for fields in (established, *opening.follow_up)])
    connection.writer.start()
    await in_thread(domain.opened, connection.sign_in, connection.id)
    reader = asyncio.create_task(_read(connection, receive))
    heart = asyncio.create_task(_beat(connection))
    try:
        done, _ = await asyncio.wait({reader, connection.ending}, return_when=asyncio.FIRST_COMPLETED)
        code = connection.ending.result() if connection.ending in done else reader.result()
        is_ours_to_close = reader not in done or code >= 4000
        connection.end(code)
        if is_ours_to_close and code != 4408:
            with contextlib.suppress(OSError, RuntimeError):
                await connection.writer.close(code, "")
        return code
    finally:
        heart.cancel()
        reader.cancel()


async def _beat(connection: Connection) -> None:
    opened = time.monotonic()
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        if time.monotonic() - opened > MAX_AGE_SECONDS:
            connection.end(1012)
            return
        try:
            fields = await in_thread(
                registry.domain().beat, connection.sign_in, connection.conversation, connection.told
            )
            await in_thread(presence.keep_place, connection.sign_in.user_id, connection.id)
            await in_thread(presence.touch, connection.sign_in.user_id, connection.id, connection.state)
        except (DomainError, RedisError) as err:
            faults.warning("heartbeat_failed", error=type(err).__name__)
            continue
        connection.answer({"type": "heartbeat", **fields})


async def _read(connection: Connection, receive: Receive) -> int:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return int(message.get("code") or 1005)
        text = message.get("text")
        if text is None or len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
            return 4409
        if not await _handle(connection, text):
            return 4429


async def _handle(connection: Connection, text: str) -> bool:
    """Carry out one frame; False when the connection has to end as a flood."""
    if wait := connection.limit.take():
        if connection.limit.is_flood:
            return False
        client_id = _client_id(text)
        connection.answer(
            error("rate_limited", "Too many frames. Wait a little.", client_id=client_id, retry_after=wait)
        )
        return True
    body: Any = None
    try:
        body = json.parse(text)
        if not isinstance(body, dict):
            raise DomainError("A frame is a JSON object.", code="malformed")
        await _dispatch(connection, body)
    except json.MalformedBody as err:
        connection.answer(error("malformed", err.detail))
    except DomainError as err:
        code = {404: "not_found", 400: "invalid", 503: "unavailable"}.get(err.status, err.code)
        if err.code not in ("invalid", "not_found"):
            code = err.code
        if any(e.code == "too_long" for e in err.errors):
            code = "too_long"
        fields = err.errors if code in ("invalid", "too_long") else None
        client_id = body.get("client_id") if isinstance(body, dict) else None
        where = connection.conversation or _conversation_of(body)
        connection.answer(
            error(code, err.detail, client_id=client_id, retry_after=err.retry_after, errors=fields, conversation=where)
        )
    except Exception as err:  # noqa: BLE001  # the edge: the connection lives and the fault is logged once
        faults.error("command_failed", exc_info=err)
        client_id = body.get("client_id") if isinstance(body, dict) else None
        connection.answer(error("internal", "Something went wrong on our side.", client_id=client_id))
    return True


def _client_id(text: str) -> Any:
    try:
        body = json.parse(text)
    except DomainError:
        return None
    return body.get("client_id") if isinstance(body, dict) else None


def _conversation_of(body: Any) -> UUID | None:
    try:
        return UUID(body["conversation"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


async def _dispatch(connection: Connection, body: dict[str, Any]) -> None:
    name = body.get("type", "user_message")
    found = registry.commands.get(name) if isinstance(name, str) else None
    if found is None:
        raise DomainError("This type of frame is not known.", code="unknown_type")
    if found.on_multiplexed_only and not connection.is_multiplexed:
        raise DomainError("Topics are served on /ws/.", code="wrong_socket")
    try:
        frame = msgspec.convert(body, found.frame)
    except msgspec.ValidationError as err:
        raise _invalid(err) from err
    if connection.conversation is not None:
        if frame.conversation not in (None, connection.conversation):
            raise DomainError("This connection is for another conversation.", code="wrong_conversation")
        frame.conversation = connection.conversation
    elif found.needs_conversation and frame.conversation is None:
        raise DomainError("Say which conversation is meant.", code="conversation_required")
    await found.handle(connection, frame)


def _invalid(err: msgspec.ValidationError) -> DomainError:
    """Turn msgspec's sentence into the contract's field error."""
    text = str(err)
    path = re.search(r"at `\$\.([^`]+)`", text)
    missing = re.search(r"missing required field `([^`]+)`", text)
    name = missing.group(1) if missing else path.group(1) if path else ""
    code = "required" if missing else "too_long" if "length <=" in text else "invalid_type"
    if "Invalid UUID" in text or "Invalid enum" in text:
        code = "invalid"
    elif ">= " in text:
        code = "too_small" if "int" in text else "too_short"
    return DomainError("This frame is not valid.", code="invalid", errors=[FieldError(name, code, text)])


async def drain() -> None:
    """Tell every client to come back at its own time, and close at most 50 a second with 1012."""
    members = list(hub().everyone())
    random.shuffle(members)
    for index, member in enumerate(members):
        assert isinstance(member, Connection)
        wait = random.uniform(0.5, 3) + index / DRAIN_A_SECOND  # noqa: S311  # spreads load, hides nothing
        member.answer({"type": "draining", "reconnect_in": round(wait, 2)})
    for index, member in enumerate(members):
        member.end(1012)
        if index % DRAIN_A_SECOND == DRAIN_A_SECOND - 1:
            await asyncio.sleep(1)
    if members:
        await asyncio.sleep(0.1)
