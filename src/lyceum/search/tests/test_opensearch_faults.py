"""What becomes of searching and indexing while a real node is killed, hangs, is full, or comes back."""

import signal
import time
from collections.abc import Iterator

import pytest
from scripts.opensearch import Node

from lyceum.core.breakers import Breaker
from lyceum.core.ids import uuid7
from lyceum.search.contracts import Change, Declaration, Document, Everything, SearchRequest, Sort, Text
from lyceum.search.engine import SearchUnavailable, WrongCursor
from lyceum.search.opensearch.client import FAILURES, Client
from lyceum.search.opensearch.engine import OpenSearch
from lyceum.search.query import parse

STONES = Declaration(
    kind="stones",
    fields=(Text("name"),),
    load=lambda ids: [],
    ids=lambda after: [],
    visible=lambda asker: Everything(),
)
OPEN_SECONDS = 0.5
# A node starts in ten seconds on a quiet machine, and in a minute where all its cores are taken.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def engine(own_opensearch: Node) -> Iterator[OpenSearch]:
    """An engine with indexes of its own on the node that may be ill-treated, whatever a test did to it before."""
    own_opensearch.signal(signal.SIGCONT)
    client = Client(own_opensearch.url, breaker=Breaker(FAILURES, seconds=OPEN_SECONDS))
    engine = OpenSearch(own_opensearch.url, prefix=f"faults-{uuid7().hex}", client=client)
    engine.prepare(STONES)
    yield engine
    client.close()


def stones(count: int, version: int = 1) -> list[Change]:
    made = [Document(uuid7(), f"Garnet {number}", "/", {"name": f"Garnet {number}"}) for number in range(count)]
    return [Change(one.id, version, one) for one in made]


def found(engine: OpenSearch, text: str = "garnet", **options: object) -> int:
    request = SearchRequest("stones", parse(text, STONES), Everything(), **options)  # type: ignore[arg-type]
    return engine.search(STONES, request).count


def within(seconds: float, engine: OpenSearch) -> int:
    """Ask until the engine answers again."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return found(engine)
        except SearchUnavailable as err:
            assert time.monotonic() < ends, "it did not heal"
            time.sleep(err.retry_after or 0.1)


def test_a_killed_node_is_said_to_be_away_at_once_and_has_all_that_was_committed_afterwards(
    engine: OpenSearch, own_opensearch: Node
) -> None:
    changes = stones(40)
    engine.apply(STONES, changes)
    engine.commit("stones")
    assert found(engine) == 40

    own_opensearch.signal(signal.SIGKILL)
    started = time.monotonic()
    for _ in range(6):
        with pytest.raises(SearchUnavailable):
            found(engine)
    assert time.monotonic() - started < 2
    assert engine.health().is_well is False

    own_opensearch.start()
    assert within(60, engine) == 40
    # What the indexer sends again after the kill changes nothing; what is newer does.
    engine.apply(STONES, [*changes, Change(changes[0].id, 2, None)])
    engine.commit("stones")
    assert found(engine) == 39


def test_a_hanging_node_costs_the_first_askers_a_few_seconds_and_the_others_nothing(
    engine: OpenSearch, own_opensearch: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lyceum.search.opensearch import client

    monkeypatch.setattr(client, "ASK", client.Patience(0.5, tries=2))
    engine.apply(STONES, stones(3))
    engine.commit("stones")
    own_opensearch.signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            with pytest.raises(SearchUnavailable):
                found(engine)
        started = time.monotonic()
        with pytest.raises(SearchUnavailable) as refused:
            found(engine)
        assert time.monotonic() - started < 0.2
        assert refused.value.retry_after is not None and refused.value.retry_after <= OPEN_SECONDS
    finally:
        own_opensearch.signal(signal.SIGCONT)
    assert within(30, engine) == 3


def test_a_node_that_has_no_room_is_unavailable_for_the_moment_and_then_takes_everything(
    engine: OpenSearch, own_opensearch: Node
) -> None:
    """A node that is asked to do more than its memory holds refuses with 429; here every question, for a moment."""
    settings = "/_cluster/settings"
    admin = Client(own_opensearch.url)
    limit = {"indices.breaker.request.limit": "1b", "indices.breaker.total.limit": "1b"}
    changes = stones(20)
    admin.write("PUT", settings, {"transient": limit})
    try:
        with pytest.raises(SearchUnavailable):
            found(engine, sort=Sort("popularity"))
    finally:
        # The breaker of the node counts this small question too, so it may take a few tries.
        admin.write("PUT", settings, {"transient": dict.fromkeys(limit)})
        admin.close()
    engine.apply(STONES, changes)
    engine.commit("stones")
    assert within(30, engine) == 20


def test_a_cursor_goes_on_at_its_point_in_time_and_only_for_its_own_question(engine: OpenSearch) -> None:
    changes = stones(9)
    engine.apply(STONES, changes)
    engine.commit("stones")
    request = SearchRequest("stones", visible=Everything(), size=3)
    first = engine.search(STONES, request)
    second = engine.search(STONES, SearchRequest("stones", visible=Everything(), size=3, cursor=first.cursor))
    # What is deleted now is still at its place for who goes on.
    engine.apply(STONES, [Change(change.id, 2, None) for change in changes])
    engine.commit("stones")
    third = engine.search(STONES, SearchRequest("stones", visible=Everything(), size=3, cursor=second.cursor))
    assert {hit.id for answer in (first, second, third) for hit in answer.hits} == {change.id for change in changes}

    others = [
        SearchRequest("stones", parse("garnet", STONES), Everything(), cursor=second.cursor),
        SearchRequest("stones", visible=Everything(), sort=Sort("popularity"), cursor=second.cursor),
        SearchRequest("stones", visible=Everything(), cursor=second.cursor[:-1] + "x"),
        SearchRequest("stones", visible=Everything(), cursor="x"),
    ]
    for other in others:
        with pytest.raises(WrongCursor):
            engine.search(STONES, other)
