"""A PostgreSQL connection of one event loop that sends a whole transaction in one write and reads its results.

psycopg's own pipelines arm and disarm the loop for every step, which costs more than the statements of a small batch.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from lyceum.core.database import connection_fields

Row = tuple[Any, ...]
UUID_OID, UUID_ARRAY_OID, TEXT_OID, TEXT_ARRAY_OID, TIME_OID, BOOL_OID, INT_OID = 2950, 2951, 25, 1009, 1184, 16, 23
EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
ABSENT = b"\xff\xff\xff\xff"
CONNECT_SECONDS = 5
# To plan a large statement takes longer than to run it for a few rows, so a plan is kept. All that is asked here is
# found by its keys: a plan that was made while a table was small must not read it whole when it has grown.
SESSION = "set timezone = 'UTC'; set jit = off; set plan_cache_mode = force_generic_plan; set enable_seqscan = off"


def _array(element_oid: int, values: Sequence[bytes | None]) -> bytes:
    """Encode an array of one dimension as PostgreSQL receives it in binary (array_recv)."""
    if not values:
        return struct.pack("!iii", 0, 0, element_oid)
    parts = [ABSENT if value is None else len(value).to_bytes(4, "big") + value for value in values]
    return struct.pack("!iiiii", 1, 1, element_oid, len(values), 1) + b"".join(parts)


def _uuids(values: Sequence[UUID | None]) -> bytes:
    return _array(UUID_OID, [None if value is None else value.bytes for value in values])


def _texts(values: Sequence[str | None]) -> bytes:
    return _array(TEXT_OID, [None if value is None else value.encode() for value in values])


def _time(value: datetime) -> bytes:
    passed = value - EPOCH
    return struct.pack("!q", (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


ENCODERS: dict[int, Callable[[Any], bytes]] = {
    UUID_ARRAY_OID: _uuids,
    TEXT_ARRAY_OID: _texts,
    TIME_OID: _time,
    BOOL_OID: lambda value: b"\1" if value else b"\0",
    INT_OID: lambda value: struct.pack("!i", value),
}


class Statement:
    """A statement that is prepared once for each connection; `%s` in its text are parameters of these types."""

    def __init__(self, name: str, text: str, *types: int) -> None:
        self.name, self.types = name.encode(), types
        parts = text.split("%s")
        assert len(parts) == len(types) + 1, name
        self.text = "".join(f"{part}${at}" for at, part in enumerate(parts[:-1], 1)).encode() + parts[-1].encode()

    def encode(self, values: Sequence[Any]) -> list[bytes | None]:
        return [ENCODERS[kind](value) for kind, value in zip(self.types, values, strict=True)]


BEGIN, COMMIT = Statement("begin", "begin"), Statement("commit", "commit")
Work = tuple[Statement, Sequence[Any]]


class Pipeline:
    """One connection; one `run` at a time. After an error it is of no more use and has to be closed."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self._connection, self._wire = connection, connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._prepared: set[bytes] = set()
        self._rows: list[list[Row]] = []
        self._fault: BaseException | None = None
        self._done: asyncio.Future[None] | None = None
        self._transformer = Transformer(connection)
        self.is_open = True
        self._wire.enter_pipeline_mode()
        self._socket = self._wire.socket
        self._loop.add_reader(self._socket, self._read)

    @classmethod
    async def open(cls, session: str = "") -> "Pipeline":
        """Connect to the database of the settings; `session` sets more for the connection's session."""
        connection = await psycopg.AsyncConnection.connect(
            **connection_fields(), autocommit=True, connect_timeout=CONNECT_SECONDS
        )
        await connection.execute(f"{SESSION}; {session}")
        return cls(connection)

    async def run(self, *work: Work) -> list[list[Row]]:
        """Run statements in one round trip and return the rows of each; raises what psycopg raises."""
        if not self.is_open:
            raise psycopg.OperationalError("the connection is closed")
        self._rows, self._fault, self._done = [], None, self._loop.create_future()
        for statement, values in work:
            if statement.name not in self._prepared:
                self._wire.send_prepare(statement.name, statement.text, statement.types)
            formats = [1] * len(statement.types)
            self._wire.send_query_prepared(statement.name, statement.encode(values), formats, result_format=1)
        self._wire.pipeline_sync()
        self._flush()
        await self._done
        if self._fault is not None:
            raise self._fault
        self._prepared.update(statement.name for statement, _ in work)
        return self._rows

    def _flush(self) -> None:
        """Write what libpq has kept; the rest when the socket takes it."""
        try:
            if self._wire.flush():
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as err:
            self._break(err)

    def _read(self) -> None:
        try:
            self._wire.consume_input()
            has_some = True
            while not self._wire.is_busy():
                result = self._wire.get_result()
                # None ends one statement's results; without any before it, nothing more has arrived.
                if result is None and not has_some:
                    return
                has_some = result is not None
                if result is not None and not self._take(result):
                    return
        except psycopg.OperationalError as err:
            self._break(err)

    def _take(self, result: Any) -> bool:
        """Keep what a statement returned; False at the end of the transaction."""
        status = result.status
        if status == ExecStatus.PIPELINE_SYNC:
            self._finish()
            return False
        if status == ExecStatus.TUPLES_OK:
            self._transformer.set_pgresult(result)
            self._rows.append(self._transformer.load_rows(0, result.ntuples, tuple))
        elif status == ExecStatus.FATAL_ERROR and self._fault is None:
            self._fault = error_from_result(result)
        return True

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _break(self, err: BaseException) -> None:
        self.is_open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._fault = err
        self._finish()

    async def close(self) -> None:
        if self.is_open:
            self._break(psycopg.OperationalError("the connection is closed"))
        await self._connection.close()
