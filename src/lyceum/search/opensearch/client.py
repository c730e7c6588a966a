"""The REST door of OpenSearch: bounded in time, patient with a busy node, and quick to say that one is away."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
import structlog

from lyceum.core.breakers import Breaker, Open
from lyceum.search.engine import SearchUnavailable

log = structlog.get_logger("lyceum.search")
CONNECT_SECONDS = 1.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 5.0
BUSY, AWAY = 429, (502, 503, 504)
MAX_CONNECTIONS = 20
JSON = "application/json"
LINES = "application/x-ndjson"


class NoSuchThing(Exception):  # the caller knows what its absence means
    """There is no such index, document or point in time."""


class QuestionRefused(Exception):
    """The node understood that it cannot do this; the reason is its own."""


class _Busy(Exception):
    """The node answers that it has no room at the moment."""


class _Away(Exception):
    """Something before the node answers that it is away, or the node that it cannot work."""


@dataclass(frozen=True)
class Patience:
    """How long one try may take, and how many there are."""

    seconds: float
    tries: int


# A question that was not answered in time would not be answered in twice the time.
ASK = Patience(3.0, tries=2)
WRITE = Patience(60.0, tries=6)
FAILURES = (httpx2.TransportError, _Away)


class Client:
    """One node or cluster by its address, which may hold a name and a password; used by all threads of a process."""

    def __init__(self, url: str, *, breaker: Breaker | None = None) -> None:
        limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
        self._http = httpx2.Client(base_url=url, limits=limits, trust_env=False)
        self._breaker = breaker or Breaker(FAILURES)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Do what is quick, and return the decoded answer; raises SearchUnavailable within a few seconds."""
        return self._tried(ASK, method, path, _encoded(body), options)

    def write(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Do what may take long, as the indexer does, and wait for a busy node."""
        return self._tried(WRITE, method, path, _encoded(body), options)

    def bulk(self, index: str, acts: Sequence[tuple[Mapping[str, Any], bytes]]) -> Iterator[Mapping[str, Any]]:
        """Send acts with their documents and yield what became of each; those that a busy node put off go again."""
        waiting = list(acts)
        for tried in range(WRITE.tries):
            content = b"".join(msgspec.json.encode(act) + b"\n" + source for act, source in waiting)
            answer = self._tried(WRITE, "POST", f"/{index}/_bulk", content, {}, kind=LINES)
            outcomes = [next(iter(item.values())) for item in answer["items"]]
            yield from (outcome for outcome in outcomes if not _is_put_off(outcome))
            waiting = [act for act, outcome in zip(waiting, outcomes, strict=True) if _is_put_off(outcome)]
            if not waiting:
                return
            time.sleep(_wait_seconds(tried))
        raise SearchUnavailable(retry_after=LONGEST_WAIT_SECONDS)

    def _tried(
        self,
        patience: Patience,
        method: str,
        path: str,
        content: bytes | None,
        options: Mapping[str, Any],
        *,
        kind: str = JSON,
    ) -> Any:
        for tried in range(patience.tries):
            is_last, wait = tried == patience.tries - 1, _wait_seconds(tried)
            try:
                with self._breaker.guard():
                    return self._call(method, path, content, options, seconds=patience.seconds, kind=kind)
            except Open as err:
                if is_last or patience is ASK:
                    raise SearchUnavailable(retry_after=err.seconds) from err
                wait = err.seconds
            except (*FAILURES, _Busy) as err:
                if is_last or (patience is ASK and isinstance(err, httpx2.TimeoutException)):
                    log.warning("search_unavailable", error=type(err).__name__, detail=str(err)[:200])
                    raise SearchUnavailable(retry_after=FIRST_WAIT_SECONDS) from err
            time.sleep(wait)
        raise AssertionError("the last try answers or raises")

    def _call(
        self, method: str, path: str, content: bytes | None, options: Mapping[str, Any], *, seconds: float, kind: str
    ) -> Any:
        response = self._http.request(
            method,
            path,
            content=content,
            params={name: _text(value) for name, value in options.items()},
            headers={"Content-Type": kind} if content is not None else None,
            timeout=httpx2.Timeout(seconds, connect=CONNECT_SECONDS),
        )
        _check(response)
        return msgspec.json.decode(response.content) if response.content else None


def _check(response: httpx2.Response) -> None:
    status = response.status_code
    if status == BUSY:
        raise _Busy
    if status in AWAY:
        raise _Away(f"{status}")
    if status == 404:
        raise NoSuchThing(response.request.url.path)
    if status >= 400:
        raise QuestionRefused(f"{status} {response.text[:500]}")


def _is_put_off(outcome: Mapping[str, Any]) -> bool:
    return outcome["status"] == BUSY or outcome["status"] in AWAY


def _encoded(body: Any) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wait_seconds(tried: int) -> float:
    """Grow twofold with jitter, so that those who were refused do not come back together."""
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0**tried)
    return wait * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, hides nothing
