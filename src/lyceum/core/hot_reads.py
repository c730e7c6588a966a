"""Hot reads: the few addresses that are asked most, answered beside Django by one statement.

Only what is plain is answered here: a GET by a living sign-in, of what its person may see, within their quota. All
else (a refusal, an unusual header, a server behind us that is away) is left to the ordinary door, so that no rule is
decided twice; a test holds the answers of both against each other.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from redis.exceptions import RedisError

from lyceum.core import limits, tallies
from lyceum.core.addresses import client_address
from lyceum.core.database import connection_fields, gauges_of
from lyceum.core.grouped import Grouped
from lyceum.core.middleware import name_request, protective_headers

access = structlog.get_logger("lyceum.access")
log = structlog.get_logger("lyceum.hot_reads")
PATH = re.compile(r"(/api/(?:v1/)?)(.*)")
QUERY = re.compile(rb"(?:[a-z]+=[0-9]{1,18}(?:&(?=[a-z])|$))*")
ACCEPTED = {b"*/*", b"application/json", b""}
# What would need a rule of its own: a body, a page of another origin.
UNUSUAL = {b"content-length", b"transfer-encoding", b"origin", b"expect"}
MOST, CALLS = 32, 2
WAIT_SECONDS = 2.0


class Key(NamedTuple):
    """What names the person: an access token's hash, or the key of a cookie session."""

    is_cookie: bool
    value: str


@dataclass(frozen=True)
class HotRead:
    """One address that is read hot, below `/api/v1/`, and the statement that answers it.

    `parse` makes the values of `columns` (SQL types by name) from the path, its parts and the query's numbers, or None
    where the request is not plain. `select` continues after the tables `asked` (place, is_cookie, key and the columns)
    and `caller` (place, user_id, profiles of limits, proof), and selects those of `caller` and the answer as JSON.
    """

    path: re.Pattern[str]
    route: str
    columns: Mapping[str, str]
    parse: Callable[[str, Mapping[str, str], Mapping[str, int]], Sequence[Any] | None]
    select: str
    limit_class: str = "api"


class Question(NamedTuple):
    key: Key
    values: Sequence[Any]


class Found(NamedTuple):
    user_id: UUID
    profiles: list[str]
    # What the sign-in has to hold against besides, if anything.
    proof: list[str] | None
    body: bytes


class Answer(NamedTuple):
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Plain(NamedTuple):
    """A request that can be answered here: what is read, by which reader, and as what it is logged."""

    read: "HotRead"
    reader: "Grouped[Question, Found | None]"
    question: Question
    route: str


class _JsonBytes(psycopg.adapt.Loader):
    """JSON goes out as it comes in."""

    format = psycopg.pq.Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


class HotReads:
    """The hot reads of one process.

    `callers` is the SQL of the table `caller`, `find_key` reads its key from headers, and `holds` says whether the
    proof of what was found is good.
    """

    def __init__(
        self,
        reads: Sequence[HotRead],
        *,
        callers: str,
        find_key: Callable[[Mapping[bytes, bytes]], Key | None],
        holds: Callable[[Sequence[str] | None], bool],
    ) -> None:
        self._find_key, self._holds = find_key, holds
        self._pool: AsyncConnectionPool[Any] | None = None
        self._reads = [(read, Grouped(_Reader(self, read, callers), most=MOST, calls=CALLS)) for read in reads]

    async def answer(self, scope: Mapping[str, Any]) -> Answer | None:
        """Return the answer of a plain request, None for every other."""
        started = time.perf_counter()
        headers = dict(scope["headers"])
        if (plain := self._recognise(scope, headers)) is None:
            return None
        try:
            found = await plain.reader.ask(plain.question)
            if found is None or not self._holds(found.proof):
                return None
            told = await self._count(found, plain.read)
        except (psycopg.Error, PoolTimeout, RedisError, OSError) as err:
            log.warning("hot_read_failed", error=type(err).__name__)
            return None
        if told is None:
            return None
        told["X-Request-ID"] = _note(scope, headers, plain.route, found, started)
        told["Content-Length"] = str(len(found.body))
        own = [(name.lower().encode(), value.encode()) for name, value in told.items()]
        return Answer([*_fixed_headers(plain.question.key.is_cookie), *own], found.body)

    def _recognise(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> _Plain | None:
        path = PATH.fullmatch(scope["path"]) if scope["method"] == "GET" else None
        if path is None:
            return None
        for read, reader in self._reads:
            if (parts := read.path.fullmatch(path[2])) is not None and _is_plain(scope, headers):
                key = self._find_key(headers)
                values = read.parse(path[0], parts.groupdict(), _numbers(scope["query_string"]))
                if key is None or values is None:
                    return None
                return _Plain(read, reader, Question(key, values), path[1] + read.route)
        return None

    async def _count(self, found: Found, read: HotRead) -> dict[str, str] | None:
        """Count the request and return the headers that tell of it, None where the quota is used up."""
        if not settings.LIMITS_ENABLED:
            return {}
        profile = max(found.profiles, key=lambda name: settings.LIMIT_PROFILES[name])
        bucket = limits.bucket(read.limit_class, user=str(found.user_id), address="", profile=profile)
        verdict = await limits.take_one(bucket)
        if not verdict.wait:
            # A refusal is answered, and counted, by the whole way.
            tallies.count("limit", read.limit_class, "passed")
        return None if verdict.wait else limits.headers([bucket], verdict)

    async def connections(self) -> AsyncConnectionPool[Any]:
        if self._pool is None:
            self._pool = AsyncConnectionPool(
                kwargs={**connection_fields(), "autocommit": True},
                min_size=1,
                max_size=CALLS * len(self._reads),
                timeout=WAIT_SECONDS,
                configure=_configure,
                open=False,
            )
            await self._pool.open()
            for name, read in gauges_of(self._pool).items():
                tallies.gauges[f"hot_{name}"] = read
        return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


class _Reader:
    """Puts the questions of many into one run of a statement."""

    def __init__(self, house: HotReads, read: HotRead, callers: str) -> None:
        types = ["boolean", "text", *read.columns.values()]
        names = ["is_cookie", "key", *read.columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        asked = f"select * from unnest({arrays}) with ordinality as t({', '.join(names)}, place)"  # noqa: S608
        self._statement = f"with asked as ({asked}), caller as ({callers}) {read.select}"
        self._house = house

    async def __call__(self, questions: list[Question]) -> list[Found | None]:
        rows = [(*question.key, *question.values) for question in questions]
        pool = await self._house.connections()
        async with pool.connection() as connection:
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor = await connection.execute(self._statement, columns, prepare=True, binary=True)
            answers = {place: Found(*found) for place, *found in await cursor.fetchall()}
        return [answers.get(place) for place in range(1, len(questions) + 1)]


async def _configure(connection: Any) -> None:
    connection.adapters.register_loader("json", _JsonBytes)


def _is_plain(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    return (
        len(headers) == len(scope["headers"])
        and not UNUSUAL & headers.keys()
        and headers.get(b"accept", b"") in ACCEPTED
        and QUERY.fullmatch(scope["query_string"]) is not None
        and _is_served(headers.get(b"host", b""))
    )


@lru_cache(maxsize=100)
def _is_served(host: bytes) -> bool:
    return validate_host(split_domain_port(host.decode("latin-1"))[0], settings.ALLOWED_HOSTS)


def _numbers(query: bytes) -> dict[str, int]:
    pairs = (part.split("=") for part in query.decode().split("&") if part)
    return {name: int(text) for name, text in pairs}


def _note(scope: Mapping[str, Any], headers: Mapping[bytes, bytes], route: str, found: Found, started: float) -> str:
    """Write the access line as `middleware.request_context` does, and return the request's id."""
    peer = (scope.get("client") or ("", 0))[0]
    names = name_request(peer, headers.get(b"x-request-id", b"").decode("latin-1"))
    seconds = time.perf_counter() - started
    tallies.took("http_request", seconds, "GET", route, "200")
    access.info(
        "request",
        method="GET",
        path=route,
        status=200,
        duration_ms=round(seconds * 1000, 1),
        user=str(found.user_id),
        address=client_address(peer, headers.get(b"x-forwarded-for", b"").decode("latin-1")),
        **names,
    )
    return names["request_id"]


@lru_cache(maxsize=2)
def _fixed_headers(is_cookie: bool) -> tuple[tuple[bytes, bytes], ...]:
    vary = ["Origin"] * bool(settings.CORS_ALLOWED_ORIGINS) + ["Cookie"] * is_cookie
    fixed = {"Content-Type": "application/json", **protective_headers()}
    if vary:
        fixed["Vary"] = ", ".join(vary)
    return tuple((name.lower().encode(), value.encode()) for name, value in fixed.items())
