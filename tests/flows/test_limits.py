"""Limits over two web processes, under 64 calls at once: as exact as if there were one."""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import redis
from websockets.asyncio.client import connect

from tests.conftest import Answer, Line, Person, Site, make_database, start_web

Sites = tuple[Site, Site]


@pytest.fixture(scope="module")
def sites(worker_id: str) -> Iterator[Sites]:
    environment = {**make_database(f"limits_{worker_id}"), "LIMITS_ENABLED": "true"}
    (first, one), (second, two) = start_web(environment), start_web(environment)
    make_group_with_more(first.register("Fay"))
    yield first, second
    for process in (one, two):
        process.terminate()
        process.wait(20)


def make_group_with_more(member: Person) -> None:
    """Let a group have ten times as much, of whom nobody else is."""
    with psycopg.connect(member.site.environment["DATABASE_URL"]) as connection:
        row = connection.execute("insert into auth_group (name) values ('Field school') returning id").fetchone()
        assert row
        connection.execute("insert into accounts_grouplimits (group_id, limit_profile) values (%s, 'premium')", row)
        connection.execute("insert into accounts_user_groups (user_id, group_id) values (%s, %s)", [member.id, *row])


@pytest.fixture(autouse=True)
def fresh(sites: Sites) -> None:
    client = redis.Redis.from_url(sites[0].environment["REDIS_URL"])
    for key in client.scan_iter("lyceum:limit:*"):
        client.delete(key)


def hammer(call: Callable[[int], Answer], times: int) -> tuple[Counter[int], float]:
    """Call from 64 threads at once; returns how often each status came, and the seconds that it took."""
    started = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(call, range(times)))
    for answer in answers:
        if answer.status == 429:
            assert answer.data["code"] == "rate_limited"
            assert int(answer.headers["Retry-After"]) >= 1
    return Counter(answer.status for answer in answers), time.monotonic() - started


def check_exact(passed: int, quota: int, seconds: float) -> None:
    """A bucket refills evenly: what passes is its quota and what came back meanwhile, to the request."""
    assert quota <= passed <= quota + math.ceil(seconds * quota / 60), (passed, quota, seconds)


async def test_a_person_has_100_a_minute_over_both_processes_and_every_door(sites: Sites) -> None:
    protocol = sites[0].protocol
    alice, began = sites[0].register("Alice"), time.monotonic()
    tickets = [alice.call("POST", "auth/ws-ticket/").data["ticket"] for _ in range(5)]

    def ask(number: int) -> Answer:
        door = ("auth/me/", "chat/conversations/")[number // 2 % 2]
        return sites[number % 2].call("GET", door, Authorization=f"Bearer {alice.token}")

    statuses, _ = hammer(ask, 200)
    assert set(statuses) == {200, 429}
    check_exact(statuses[200] + len(tickets), 100, time.monotonic() - began)
    frames = []
    for ticket in tickets:
        # One request comes back every 0.6 seconds: it is used up just before.
        hammer(ask, 16)
        offered = ["lyceum.v1", f"ticket.{ticket}"]
        url = f"ws://127.0.0.1:{sites[1].port}/ws/"
        line = Line(await connect(url, subprotocols=offered, proxy=None), protocol)  # type: ignore[list-item]
        frames.append(await line.next())
        if frames[-1]["type"] == "error":
            assert await line.closed() == 4429
            break
        await line.close()
    assert frames[-1].get("code") == "rate_limited", frames
    assert 0 < frames[-1]["retry_after"] <= 60


def test_an_address_has_20_a_minute_whatever_it_says_of_itself(sites: Sites) -> None:
    forged = itertools.cycle(["X_Forwarded_For", "X_Real_IP", "Forwarded", "X_Client_IP"])
    names = [next(forged) for _ in range(80)]
    statuses, seconds = hammer(
        lambda number: sites[number % 2].call("GET", "users/csrf/", **{names[number]: f"203.0.113.{number}"}), 80
    )
    assert set(statuses) == {200, 429}
    check_exact(statuses[200], 20, seconds)


def test_a_person_sends_10_a_minute_and_what_is_refused_is_not_there(sites: Sites) -> None:
    alice, bob = sites[0].register("Alice"), sites[0].register("Bob")
    room = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]}).data["id"]
    path = f"chat/conversations/{room}/messages/"
    statuses, seconds = hammer(
        lambda number: sites[number % 2].call(
            "POST", path, {"content": f"message {number}"}, Authorization=f"Bearer {alice.token}"
        ),
        64,
    )
    assert set(statuses) == {201, 429}
    check_exact(statuses[201], 10, seconds)
    assert len(bob.call("GET", path).data["results"]) == statuses[201]


def test_the_limits_of_a_group_are_those_of_its_members_alone(sites: Sites) -> None:
    alice, bob = sites[0].register("Alice"), sites[0].register("Bob")
    alice.change("accounts_user_groups set user_id")
    for person, quota in ((alice, 1000), (bob, 100)):
        # The list is read hot, the account by its door.
        for path, has_methods in (("chat/conversations/", False), ("auth/me/", True)):
            answer = person.call("GET", path)
            assert (f";q={quota};" in answer.headers["RateLimit-Policy"], "Allow" in answer.headers) == (
                True,
                has_methods,
            ), answer.headers
