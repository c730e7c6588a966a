"""A person with one open socket, who keeps to the protocol: comes back, fills gaps, repeats what has no answer."""

import asyncio
import contextlib
import random
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.chaos.calls import NoAnswer, call
from tests.chaos.facts import HEAD
from tests.chaos.history import History

ACKNOWLEDGE_SECONDS = 4.0
GIVE_UP_SECONDS = 120.0
PING_SECONDS, SILENCE_SECONDS = 3.0, 12.0
OPEN_SECONDS = 30.0
MAX_AT_ONCE = 500
LEAST_PAUSE, MOST_PAUSE = 0.2, 3.0


@dataclass(frozen=True)
class Person:
    id: str
    # Each with its id and its access token.
    sign_ins: Sequence[tuple[str, str]]


class Member:
    """`last` is how far each conversation is complete here, as a page would show it."""

    def __init__(
        self,
        person: Person,
        history: History,
        ports: Sequence[int],
        *,
        seed: int,
        sign_in: int = 0,
        jitter: tuple[float, float] = (0.1, 1.5),
    ) -> None:
        self.person, self.history, self.ports, self.jitter = person, history, ports, jitter
        self.id, self.token = person.id, person.sign_ins[sign_in][1]
        # Another device of somebody hears for itself.
        self.who = person.id if sign_in == 0 else f"{person.id}#{sign_in}"
        self.last: dict[str, int] = {}
        self.follows_new = False
        self.line = ""
        self.lives = 0
        self.live = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.told = asyncio.Condition()
        self.is_signed_out = False
        self._rng = random.Random(seed)
        self._at = seed % len(ports)
        self._early: dict[str, set[int]] = defaultdict(set)
        self._lacking: set[str] = set()
        self._lacks = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._pongs: deque[asyncio.Future[None]] = deque()
        self._heard = 0.0
        self._leave_in: float | None = None
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Staying connected.

    def start(self) -> None:
        self._later(self._run())

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop(self) -> None:
        """Lose the connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _run(self) -> None:
        while not self.is_signed_out:
            self._leave_in = None
            await self._live_once(self.ports[self._at % len(self.ports)])
            # As behind a balancer: the next try may meet the other process.
            self._at += 1
            wait = self._leave_in if self._leave_in is not None else self._rng.uniform(*self.jitter)
            await asyncio.sleep(wait)

    async def _live_once(self, port: int) -> None:
        try:
            status, data = await call(port, "POST", "auth/ws-ticket/", token=self.token)
            if status != 200:
                self.is_signed_out = status == 401
                self.history.saw(self.who, "answer", path="auth/ws-ticket/", status=status)
                return
            offered: Any = ["lyceum.v1", f"ticket.{data['ticket']}"]
            opening = connect(
                f"ws://127.0.0.1:{port}/ws/",
                subprotocols=offered,
                proxy=None,
                compression=None,
                ping_interval=None,
                open_timeout=OPEN_SECONDS,
            )
            socket = await opening
        except (NoAnswer, OSError, TimeoutError, WebSocketException):
            return
        self.lives += 1
        self.line, self._socket, self._heard = f"{self.who[-8:]}/{self.lives}", socket, time.monotonic()
        helpers = [asyncio.create_task(work) for work in (self._watch(socket), self._pull(socket))]
        try:
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    await self.reading.wait()
                    self._heard = time.monotonic()
                    await self._take(msgspec.json.decode(text))
        finally:
            self._lose(socket, helpers)

    def _lose(self, socket: ClientConnection, helpers: list["asyncio.Task[None]"]) -> None:
        self.live.clear()
        self._socket = None
        for helper in helpers:
            helper.cancel()
        for future in (*self._waiting.values(), *self._pongs):
            if not future.done():
                future.set_exception(NoAnswer("closed"))
                # Nobody may be waiting for it any more.
                future.exception()
        self._waiting.clear()
        self._pongs.clear()
        code = socket.close_code or 1006
        self.is_signed_out |= code == 4401
        self.history.saw(self.who, "closed", line=self.line, code=code)
        socket.transport.abort()

    async def _watch(self, socket: ClientConnection) -> None:
        """Ping when it is quiet; give a connection up that may be dead."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            silent = time.monotonic() - self._heard
            if not self.reading.is_set():
                self._heard = time.monotonic()
            elif silent > SILENCE_SECONDS:
                socket.transport.abort()
            elif silent > PING_SECONDS:
                with contextlib.suppress(NoAnswer, ConnectionClosed):
                    await self._ping(socket)

    async def _ping(self, socket: ClientConnection) -> None:
        """Return when all that was asked before is answered."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs.append(future)
        await socket.send('{"type":"ping"}')
        await future

    # What comes in.

    async def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        match kind:
            case "message":
                self._see(frame["message"])
            case "user_message_received":
                self._acknowledged(frame)
            case "error":
                self._refused(frame)
            case "pong":
                if self._pongs and not (future := self._pongs.popleft()).done():
                    future.set_result(None)
            case "heartbeat":
                self._compare(frame.get("sequences", {}))
            case "connection_established":
                self._established(frame["conversations"])
            case "conversation_added":
                self._added(frame)
            case "member_removed" if frame["user"] == self.id:
                self.last.pop(frame["conversation"], None)
                self.history.saw(self.who, "removed", conversation=frame["conversation"], line=self.line)
            case "resumed":
                value = {name: frame[name] for name in ("conversation", "from", "to", "count")}
                self.history.saw(self.who, "resumed", line=self.line, **value)
            case "reload":
                self._reload(frame)
            case "draining":
                self._leave_in = frame["reconnect_in"]
        async with self.told:
            self.told.notify_all()

    def _see(self, message: dict[str, Any], line: str = "") -> None:
        where, sequence = message["conversation"], message["sequence"]
        self.history.saw(
            self.who,
            "message",
            line=line or self.line,
            conversation=where,
            sequence=sequence,
            id=message["id"],
            client_id=message["client_id"],
            sender=message["sender"]["id"],
            text=message["content"][:HEAD],
        )
        self._apply(where, sequence)

    def _apply(self, where: str, sequence: int) -> None:
        """Take what is next; keep what is early and ask for what is between."""
        last = self.last.get(where)
        if last is None or sequence <= last:
            return
        early = self._early[where]
        early.add(sequence)
        while self.last[where] + 1 in early:
            self.last[where] += 1
            early.discard(self.last[where])
        if early:
            self._lack(where)

    def _lack(self, *conversations: str) -> None:
        self._lacking.update(conversations)
        self._lacks.set()

    def _compare(self, sequences: dict[str, int]) -> None:
        self._lack(*(where for where, last in sequences.items() if last > self.last.get(where, last)))

    def _established(self, listed: list[dict[str, Any]]) -> None:
        here = {found["id"]: found["sequence"] for found in listed}
        for where in set(self.last) - set(here):
            del self.last[where]
        if self.follows_new:
            self.last.update({where: last for where, last in here.items() if where not in self.last})
        self._lack(*self.last)
        self.live.set()

    def _added(self, frame: dict[str, Any]) -> None:
        where, above = frame["conversation"], frame["details"]["last_sequence"]
        self.history.saw(self.who, "added", conversation=where, above=above, line=self.line)
        self.last[where] = max(above, self.last.get(where, 0))

    def _acknowledged(self, frame: dict[str, Any]) -> None:
        future = self._waiting.pop(frame["client_id"], None)
        if future is not None and not future.done():
            future.set_result(frame)
        else:
            # Late, or the second of two.
            known = {"id": frame["message_id"], "sender": {"id": self.id}}
            self._see({**frame, **known})
        self._apply(frame["conversation"], frame["sequence"])

    def _refused(self, frame: dict[str, Any]) -> None:
        future = self._waiting.pop(frame.get("client_id") or "", None)
        if future is not None and not future.done():
            future.set_result(frame)
            return
        self.history.saw(self.who, "error", code=frame["code"], line=self.line)
        if "client_id" not in frame:
            for pong in self._pongs:
                if not pong.done():
                    pong.set_exception(NoAnswer(frame["code"]))
                    pong.exception()
            self._pongs.clear()
            self._lack(*self.last)

    # What is asked for.

    async def _pull(self, socket: ClientConnection) -> None:
        """Ask for what is missing, everything that is known to be missing at once; more and more seldom in vain."""
        pause = LEAST_PAUSE
        while True:
            await self._lacks.wait()
            self._lacks.clear()
            lacking = {where: self.last[where] for where in self._lacking if where in self.last}
            self._lacking.clear()
            with contextlib.suppress(NoAnswer, ConnectionClosed):
                items = list(lacking.items())
                for start in range(0, len(items), MAX_AT_ONCE):
                    asked = dict(items[start : start + MAX_AT_ONCE])
                    await socket.send(msgspec.json.encode({"type": "resume", "sequences": asked}).decode())
                if items:
                    await self._ping(socket)
            is_in_vain = any(self._early[where] and self.last.get(where) == last for where, last in lacking.items())
            pause = min(2 * pause, MOST_PAUSE) if is_in_vain else LEAST_PAUSE
            # Frames are limited, and what is early mostly closes by itself.
            await asyncio.sleep(pause)

    def _reload(self, frame: dict[str, Any]) -> None:
        where = frame.get("conversation")
        if where is None:
            self._lack(*self.last)
        elif where in self.last:
            self._later(self._read_anew(where))

    async def _read_anew(self, where: str) -> None:
        """Read pages from where the history is complete."""
        while where in self.last:
            path = f"chat/conversations/{where}/messages/?after={self.last[where]}&limit=200"
            try:
                status, page = await call(self._rng.choice(list(self.ports)), "GET", path, token=self.token)
            except NoAnswer:
                status, page = 0, None
            if status == 200:
                for message in page["results"]:
                    self._see(message, "page")
                if not page["has_more"]:
                    return
            elif status not in (0, 429, 503):
                self.history.saw(self.who, "answer", path="messages/", status=status)
                return
            else:
                await asyncio.sleep(self._rng.uniform(*self.jitter))

    # What it does.

    async def send(
        self, where: str, client_id: str, text: str, *, over: str = "socket", twice: bool = False
    ) -> dict[str, Any] | None:
        """Send until it is acknowledged, always under the same `client_id`; returns where it stands, or None."""
        ends = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < ends and not self.is_signed_out:
            if twice:
                found, other = await asyncio.gather(
                    self._over_socket(where, client_id, text, copies=2), self._over_http(where, client_id, text)
                )
                found = found if "sequence" in found else other
            elif over == "http":
                found = await self._over_http(where, client_id, text)
            else:
                found = await self._over_socket(where, client_id, text)
            if "sequence" in found:
                return found
            over, twice = "socket", False
            await asyncio.sleep(found["wait"])
        return None

    async def _over_socket(self, where: str, client_id: str, text: str, copies: int = 1) -> dict[str, Any]:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.live.wait(), OPEN_SECONDS)
        socket = self._socket
        if socket is None or not self.live.is_set():
            return {"wait": 0.1}
        line, kept = self.line, {"conversation": where, "client_id": client_id, "text": text[:HEAD]}
        op = self.history.invoke(self.who, "send", line=line, **kept)
        future = self._waiting[client_id] = asyncio.get_running_loop().create_future()
        frame = {"type": "user_message", "conversation": where, "message": text, "client_id": client_id}
        encoded = msgspec.json.encode(frame).decode()
        try:
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                for _ in range(copies):
                    await socket.send(encoded)
                answer = await future
        except (NoAnswer, ConnectionClosed, TimeoutError) as err:
            self.history.end(self.who, "unknown", "send", op, why=type(err).__name__)
            return {"wait": self._rng.uniform(0, 0.3)}
        finally:
            if self._waiting.get(client_id) is future:
                del self._waiting[client_id]
        if answer["type"] == "error":
            phase: Any = "unknown" if answer["code"] in ("unavailable", "internal") else "fail"
            self.history.end(self.who, phase, "send", op, code=answer["code"])
            return {"wait": answer.get("retry_after", 0.3)}
        place = {"sequence": answer["sequence"], "id": answer["message_id"]}
        self.history.end(self.who, "ok", "send", op, line=line, **kept, **place)
        return place

    async def _over_http(self, where: str, client_id: str, text: str) -> dict[str, Any]:
        kept = {"conversation": where, "client_id": client_id, "text": text[:HEAD]}
        op = self.history.invoke(self.who, "send", line="http", **kept)
        body, path = {"content": text, "client_id": client_id}, f"chat/conversations/{where}/messages/"
        try:
            status, data = await call(self._rng.choice(list(self.ports)), "POST", path, body, token=self.token)
        except NoAnswer as err:
            self.history.end(self.who, "unknown", "send", op, why=str(err))
            return {"wait": self._rng.uniform(0, 0.3)}
        if status in (200, 201):
            place = {"sequence": data["sequence"], "id": data["id"]}
            self.history.end(self.who, "ok", "send", op, line="http", **kept, **place)
            self._apply(where, place["sequence"])
            return place
        phase: Any = "fail" if status < 500 else "unknown"
        self.history.end(self.who, phase, "send", op, code=data["code"])
        return {"wait": self._rng.uniform(0, 0.3)}

    async def read(self, where: str, sequence: int) -> None:
        """Move one's mark over the socket, which answers nothing."""
        if self._socket is None:
            return
        self.history.invoke(self.who, "read", conversation=where, sequence=sequence)
        frame = {"type": "read_receipt", "conversation": where, "sequence": sequence}
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(msgspec.json.encode(frame).decode())

    async def ask(self, method: str, path: str, body: Any = None, *, within: float = 60.0) -> tuple[int, Any]:
        """Call until there is an answer that is not `come again`."""
        async with asyncio.timeout(within):
            while True:
                with contextlib.suppress(NoAnswer):
                    status, data = await call(self._rng.choice(list(self.ports)), method, path, body, token=self.token)
                    if status not in (429, 503):
                        return status, data
                await asyncio.sleep(0.3)
