import time
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from lyceum.core import tallies, valkey
from lyceum.core.ids import uuid7
from lyceum.monitoring import publishing
from lyceum.monitoring.numbers import Numbers, rates
from lyceum.search import public as search

TOKEN = "scrape-7"
GAUGES = {"sockets_all": 3, "sockets_one": 2, "groups": 7, "buffered_bytes": 50, "loop_lag_seconds": 0.002}
GAUGES |= {"writer_waiting": 6, "pool_waiting": 1, "hot_pool_waiting": 1}
pytestmark = pytest.mark.django_db


def tell(process: str, *, ago: float = 0, cut_off: int = 1) -> None:
    counts = [
        ("sockets_closed", ("/ws/", "4408"), cut_off),
        ("frames_in", ("ping", "ok"), 5),
        ("frames_out", ("message",), 9),
    ]
    spans = [("http_request", ("GET", "/talk/", "200"), [2.0, 1.0, *[0.0] * (len(tallies.BOUNDS) - 2), 1.0, 9.5])]
    spans.append(("batch", (), [1.0, *[0.0] * len(tallies.SIZES), 1.0]))
    rates = {"frames_in": 2.5, "frames_out": 40.0, "requests": 1.0}
    numbers = Numbers(process, time.time() - ago, time.time() - 60, dict(GAUGES), counts, spans, rates)
    valkey.connection().hset(publishing._key(), process, publishing._encode(numbers))


def scrape(client: Client, token: str = TOKEN) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert "RateLimit" not in answer
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *(v for _, v in sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_any_process_answers_for_all_that_live(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    tell("one:1")
    tell("two:2", cut_off=4)
    tell("gone:3", ago=publishing.GONE_SECONDS + 1)
    found = scrape(client)
    assert found["lyceum_sockets_all", "one:1"] == found["lyceum_sockets_all", "two:2"] == 3
    assert found["lyceum_sockets_closed_total", "4408", "/ws/", "two:2"] == 4
    assert not [labels for labels in found if "gone:3" in labels]
    assert found["lyceum_outbox_events",] == 0
    assert found["lyceum_writer_waiting", "one:1"] == 6
    assert found["lyceum_batch_messages_bucket", "1.0", "one:1"] == 1
    bucket = "lyceum_http_request_seconds_bucket"
    labels = [(key[1], value) for key, value in found.items() if key[0] == bucket and "one:1" in key]
    assert dict(labels)["0.005"] == 2
    assert dict(labels)["0.01"] == 3
    assert dict(labels)["+Inf"] == 4
    assert found["lyceum_http_request_seconds_sum", "GET", "one:1", "/talk/", "200"] == 9.5


def test_the_numbers_are_for_the_scraper_and_for_staff(client: Client, settings: Any, alice: Any, priya: Any) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    client.force_login(alice)
    assert client.get("/metrics").status_code == client.get("/operate/").status_code == 404
    assert b"/operate/" not in client.get("/people/").content
    client.force_login(priya)
    assert client.get("/metrics").status_code == 200
    assert b'href="/operate/"' in client.get("/people/").content


def test_a_request_counts_under_its_route_and_never_its_path(client: Client) -> None:
    client.get("/api/v1/users/01890000-0000-7000-8000-000000000000/avatar/")
    route = "/api/v1/users/<uuid:user_id>/avatar/"
    assert sum(tallies.spans["http_request", ("GET", route, "401")][:-1]) >= 1
    assert not [labels for _, labels in tallies.spans if any("01890000" in label for label in labels)]


def test_a_second_s_share_is_what_happened_between_two_tellings() -> None:
    first = Numbers("one:1", 100.0, 0.0, {}, [("frames_in", ("ping", "ok"), 5)], [])
    after = Numbers("one:1", 102.0, 0.0, {}, [("frames_in", ("ping", "ok"), 6), ("frames_in", ("x", "ok"), 3)], [])
    assert rates(first, after) == {"frames_in": 2.0, "frames_out": 0.0, "requests": 0.0}


def test_staff_see_all_processes_together(client: Client, priya: Any) -> None:
    client.force_login(priya)
    tell("one:1")
    tell("two:2", cut_off=4)
    whole = client.get("/operate/")
    seen = whole.context["seen"]
    assert (seen.sockets, seen.groups, seen.cut_off) == (10, 14, 5)
    assert (seen.frames_in, seen.frames_out, seen.requests) == (5.0, 80.0, 2.0)
    assert (seen.writer_waiting, seen.pool_waiting) == (12, 4)
    assert b"one:1" in whole.content
    part = client.get("/operate/", headers={"HX-Request": "true"})
    assert part.content.lstrip().startswith(b'<div class="sections" id="now"')


def test_what_waits_for_the_indexer_and_what_it_holds_is_told(client: Client, priya: Any, index: Any) -> None:
    client.force_login(priya)
    search.changed("book", [uuid7(), uuid7()])
    told = client.get("/metrics").content.decode()
    assert "lyceum_search_changes 2.0" in told
    assert 'lyceum_search_documents{kind="book"} 0.0' in told
    assert "lyceum_search_well 1.0" in told
    index.catch_up()
    assert "lyceum_search_changes 0.0" in client.get("/metrics").content.decode()
