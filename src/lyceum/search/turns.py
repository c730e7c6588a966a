"""The indexer's turn: one process of the workspace has it, others wait, and it ends with its connection."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import structlog
from django.db import DatabaseError, close_old_connections, connection
from redis.exceptions import RedisError

from lyceum.core import valkey
from lyceum.core.database import connection_fields
from lyceum.search import engines, queue
from lyceum.search.engine import SearchUnavailable
from lyceum.search.indexing import Indexer

log = structlog.get_logger("lyceum.search")
# "lyceum search" in the shared space of advisory locks.
LOCK = 0x6C79636573656172
WAIT_SECONDS = 1.0
# How long a change may wait whose nudge was lost.
POLL_SECONDS = 0.25
CHECK_SECONDS = 5.0
REST_SECONDS = 2.0


class TurnLost(Exception):
    """The connection that held the turn is gone; another process may have it."""


class Turn:
    """A connection of its own that holds the lock; when the process dies, PostgreSQL gives the lock to the next."""

    def __init__(self, held: psycopg.Connection[Any]) -> None:
        self._held, self._checked = held, time.monotonic()

    def check(self) -> None:
        """Raise TurnLost when it is over; asked of the database every few seconds."""
        if time.monotonic() - self._checked < CHECK_SECONDS:
            return
        try:
            self._held.execute("select 1")
        except psycopg.Error as err:
            raise TurnLost from err
        self._checked = time.monotonic()


@contextlib.contextmanager
def taken() -> Iterator[Turn | None]:
    """Try to take the turn; None while another process has it."""
    fields = connection_fields()
    # Waiting for somebody's statement must not end it.
    with contextlib.closing(psycopg.connect(**fields, autocommit=True, connect_timeout=5)) as held:
        row = held.execute("select pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        yield Turn(held) if row and row[0] else None


def serve(stop: threading.Event) -> None:
    """Index until asked to stop, through restarts of the servers; while another process does so, wait for its turn."""
    while not stop.is_set():
        try:
            close_old_connections()
            with taken() as turn:
                if turn is None:
                    stop.wait(WAIT_SECONDS)
                else:
                    _index(turn, stop)
        except (DatabaseError, psycopg.Error, SearchUnavailable, TurnLost, OSError, ValueError) as err:
            # ValueError is how Tantivy says that its files are held by another, or that the disk is full.
            log.warning("indexing_interrupted", error=type(err).__name__, reason=str(err)[:200])
            stop.wait(REST_SECONDS)
        finally:
            connection.close()


def _index(turn: Turn, stop: threading.Event) -> None:
    engine = engines.current()
    indexer = Indexer(engine)
    try:
        indexer.prepare()
        log.info("indexing", engine=engine.name)
        with _Nudges() as nudges:
            while not stop.is_set():
                turn.check()
                if not indexer.turn():
                    nudges.wait(stop)
    finally:
        engine.close()


class _Nudges:
    """Hears of changes at once where Valkey answers, and looks again a little later in any case."""

    def __init__(self) -> None:
        self._heard: Any = None

    def __enter__(self) -> "_Nudges":
        return self

    def __exit__(self, *_: object) -> None:
        if self._heard is not None:
            self._heard.close()

    def wait(self, stop: threading.Event) -> None:
        try:
            if self._heard is None:
                client: Any = valkey.connection()
                self._heard = client.pubsub(ignore_subscribe_messages=True)
                self._heard.subscribe(valkey.key(queue.CHANNEL))
            self._heard.get_message(timeout=POLL_SECONDS)
        except (RedisError, OSError):
            self._heard = None
            stop.wait(POLL_SECONDS)
