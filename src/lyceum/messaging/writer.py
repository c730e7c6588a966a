"""Group commit for the sockets of one process: what waited while the last commit was in flight goes into the next."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import psycopg
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from lyceum.core import events, tallies, valkey
from lyceum.core.errors import DomainError, Unavailable
from lyceum.core.live import CHANNEL, Push, pack
from lyceum.core.pipeline import (
    BEGIN,
    BOOL_OID,
    COMMIT,
    INT_OID,
    TEXT_ARRAY_OID,
    TIME_OID,
    UUID_ARRAY_OID,
    Pipeline,
    Statement,
)
from lyceum.messaging import hot, sending
from lyceum.messaging.sending import Batch, Draft, Sent
from lyceum.realtime.threads import in_thread, later

log = structlog.get_logger("lyceum.writer")
MAX_BATCH = 500
MAX_WAITING = 10_000
# Two lists of a large batch are never compared each with each; look-ups, which have no other way, stay nested loops.
SESSION = "set enable_nestloop = off"
Waiting = tuple[Draft, "asyncio.Future[Sent]"]
LOCK = Statement("lock", sending.LOCK, UUID_ARRAY_OID, UUID_ARRAY_OID, TEXT_ARRAY_OID, TIME_OID, UUID_ARRAY_OID)
MEMBERS = Statement("members", sending.MEMBERS, UUID_ARRAY_OID)
STORE = Statement(
    "store",
    sending.STORE,
    *(UUID_ARRAY_OID, UUID_ARRAY_OID, UUID_ARRAY_OID, UUID_ARRAY_OID),
    *(TEXT_ARRAY_OID, TEXT_ARRAY_OID, TEXT_ARRAY_OID, TEXT_ARRAY_OID, UUID_ARRAY_OID),
    *(INT_OID, TIME_OID, TIME_OID, TIME_OID, BOOL_OID, INT_OID),
)


class Writer:
    """Stores drafts over one connection of its own; no latency when idle, one commit for many under load."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._pipeline: Pipeline | None = None
        self._teller = Teller()
        self._task = asyncio.create_task(self._run())

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def send(self, draft: Draft) -> "asyncio.Future[Sent]":
        """Give what the message became, when it is durable; or DomainError, Unavailable when that is not known.

        After Unavailable the message may be stored all the same: a repeat with its `client_id` finds out.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("Too many messages wait to be stored.", retry_after=1.0)
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, future))
        self._wake.set()
        return future

    async def stop(self) -> None:
        """Store what waits, then let the connections go."""
        while self._waiting:
            await asyncio.sleep(0.01)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._disconnect()
        await self._teller.stop()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = self._take()
            try:
                await self._store(batch)
            except psycopg.OperationalError as err:
                log.warning("batch_failed", error=type(err).__name__, drafts=len(batch))
                await self._disconnect()
                _refuse(batch)
            except Exception as err:  # a fault of one draft must not end the writer of all
                log.exception("batch_failed", drafts=len(batch), error=type(err).__name__)
                await self._disconnect()
                await self._store_singly(batch)

    def _take(self) -> list[Waiting]:
        """Take what waits; a `client_id` used twice at once is looked at one after the other."""
        batch: list[Waiting] = []
        later: list[Waiting] = []
        keys = set()
        for item in self._waiting:
            draft = item[0]
            key = (draft.conversation_id, draft.sender_id, draft.client_id or item)
            is_in = len(batch) < MAX_BATCH and key not in keys
            keys.add(key)
            (batch if is_in else later).append(item)
        self._waiting = later
        if not later:
            self._wake.clear()
        return batch

    async def _store(self, waiting: list[Waiting]) -> None:
        batch = Batch([draft for draft, _ in waiting])
        pipeline = await self._connect()
        started = time.perf_counter()
        lock = (LOCK, batch.lock_parameters)
        if (asked := batch.members_parameters) is not None:
            _, members = await pipeline.run((BEGIN, ()), lock, (MEMBERS, asked))
            batch.know_members(members)
            [rows] = await pipeline.run((STORE, batch.store_parameters), (COMMIT, ()))
        else:
            _, rows = await pipeline.run((BEGIN, ()), lock, (STORE, batch.store_parameters), (COMMIT, ()))
        tallies.took("commit", time.perf_counter() - started)
        tallies.sized("batch", len(waiting))
        outcomes = batch.outcomes(rows)
        # Ahead of the acknowledgements: those who wait for the message come first.
        self._teller.tell([outcome for outcome in outcomes if isinstance(outcome, Sent)])
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, DomainError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _store_singly(self, waiting: list[Waiting]) -> None:
        for item in waiting:
            if item[1].done():
                continue
            try:
                await self._store([item])
            except Exception as err:  # whatever it is, the drafts behind it are stored
                log.exception("draft_failed", error=type(err).__name__)
                await self._disconnect()
                _refuse([item])

    async def _connect(self) -> Pipeline:
        if self._pipeline is None or not self._pipeline.is_open:
            await self._disconnect()
            self._pipeline = await Pipeline.open(SESSION)
        return self._pipeline

    async def _disconnect(self) -> None:
        if self._pipeline is not None:
            await self._pipeline.close()
            self._pipeline = None


def _refuse(waiting: list[Waiting]) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(Unavailable("The message may not be stored. Send it again.", retry_after=1.0))


class Teller:
    """Tells of what was committed, in that order and beside the next commit: pushes to everybody, events in a thread.

    What waits meanwhile goes together. Pushes are hints: when Valkey is away for long the oldest are let go.
    """

    def __init__(self) -> None:
        self._valkey: redis.asyncio.Redis = valkey.open_async()
        self._pushes: list[Push] = []
        self._entries: list[hot.Entry] = []
        self._events: list[UUID] = []
        self._is_publishing = self._is_delivering = False

    def tell(self, stored: Sequence[Sent]) -> None:
        for sent in stored:
            self._pushes += sent.pushes
            if sent.tail is not None:
                self._entries.append(sent.tail)
            if sent.event_id is not None:
                self._events.append(sent.event_id)
        del self._pushes[:-MAX_WAITING], self._entries[:-MAX_WAITING]
        if self._pushes and not self._is_publishing:
            self._is_publishing = True
            later(self._publish_all())
        if self._events and not self._is_delivering:
            self._is_delivering = True
            later(self._deliver_all())

    async def stop(self) -> None:
        while self._is_publishing or self._is_delivering:
            await asyncio.sleep(0.01)
        await self._valkey.aclose()

    async def _publish_all(self) -> None:
        try:
            while self._pushes:
                pushes, self._pushes = self._pushes, []
                entries, self._entries = self._entries, []
                await self._publish(pack(pushes), entries)
        finally:
            self._is_publishing = False

    async def _publish(self, packed: bytes, entries: list[hot.Entry]) -> None:
        """Publish, once more over a fresh connection when the first was dead; twice told is harmless, never is not."""
        for is_last in (False, True):
            try:
                pipeline = self._valkey.pipeline(transaction=False)
                pipeline.publish(valkey.key(CHANNEL), packed)
                if entries:
                    pipeline.eval(hot.APPEND, *hot.append_arguments(entries))
                await pipeline.execute()
                return
            except (RedisError, OSError) as err:
                if is_last:
                    log.warning("push_failed", error=type(err).__name__)

    async def _deliver_all(self) -> None:
        try:
            while self._events:
                ids, self._events = self._events[:MAX_BATCH], self._events[MAX_BATCH:]
                await in_thread(events.deliver_all, ids)
        finally:
            self._is_delivering = False


_writers: dict[int, Writer] = {}
tallies.gauges["writer_waiting"] = lambda: sum(one.waiting for one in _writers.values())


def writer() -> Writer:
    """Return the writer of the running event loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _writers:
        _writers[id(loop)] = Writer()
    return _writers[id(loop)]
