"""Group commit for the sockets of one process: what waited while the last commit was in flight goes into the next."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import redis.asyncio
import structlog
from django.db import connections
from redis.exceptions import RedisError

from lyceum.core import events, valkey
from lyceum.core.errors import DomainError, Unavailable
from lyceum.core.live import CHANNEL, pack
from lyceum.messaging import hot
from lyceum.messaging.sending import LOCK, MEMBERS, STORE, Batch, Draft, Sent
from lyceum.realtime.threads import in_thread, later

log = structlog.get_logger("lyceum.writer")
MAX_BATCH = 500
MAX_WAITING = 10_000
Waiting = tuple[Draft, asyncio.Future[Sent]]
# What Django adds for its own cursors is not for this connection.
CONNECTION_FIELDS = ("dbname", "user", "password", "host", "port", "options", "sslmode", "sslrootcert")


class Writer:
    """Stores drafts over one connection of its own; no latency when idle, one commit for many under load."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._valkey: redis.asyncio.Redis = valkey.open_async()
        self._task = asyncio.create_task(self._run())

    async def send(self, draft: Draft) -> Sent:
        """Return when the message is durable; raises DomainError, with Unavailable when that is not known.

        After Unavailable the message may be stored all the same: a repeat with its `client_id` finds out.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("Too many messages wait to be stored.", retry_after=1.0)
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, future))
        self._wake.set()
        return await future

    async def stop(self) -> None:
        """Store what waits, then let the connections go."""
        while self._waiting:
            await asyncio.sleep(0.01)
        self._task.cancel()
        await self._disconnect()
        await self._valkey.aclose()

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
        connection = await self._connect()
        async with connection.pipeline(), connection.transaction():
            await connection.execute(LOCK, batch.lock_parameters, prepare=True)
            if (asked := batch.members_parameters) is not None:
                members = await connection.execute(MEMBERS, asked, prepare=True)
                batch.know_members(await members.fetchall())
            stored = await connection.execute(STORE, batch.store_parameters, prepare=True)
        outcomes = batch.outcomes(await stored.fetchall())
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, DomainError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        await self._tell([sent for sent in outcomes if isinstance(sent, Sent)])

    async def _tell(self, stored: list[Sent]) -> None:
        """Push what is new to everybody's sockets; deliver its events beside, in a thread."""
        pushes = [push for sent in stored for push in sent.pushes]
        if pushes:
            await self._publish(pack(pushes), [sent.tail for sent in stored if sent.tail is not None])
        if event_ids := [sent.event_id for sent in stored if sent.event_id is not None]:
            later(in_thread(_deliver, event_ids))

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

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            given = connections["default"].get_connection_params()
            fields = {name: given[name] for name in CONNECTION_FIELDS if name in given}
            self._connection = await psycopg.AsyncConnection.connect(**fields, autocommit=True, connect_timeout=5)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _refuse(waiting: list[Waiting]) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(Unavailable("The message may not be stored. Send it again.", retry_after=1.0))


def _deliver(event_ids: list[UUID]) -> None:
    for event_id in event_ids:
        events.deliver(event_id)


_writers: dict[int, Writer] = {}


def writer() -> Writer:
    """Return the writer of the running event loop."""
    loop = asyncio.get_running_loop()
    if id(loop) not in _writers:
        _writers[id(loop)] = Writer()
    return _writers[id(loop)]
