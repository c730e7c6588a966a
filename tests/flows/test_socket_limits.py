"""Too much of anything: an error first, a close at last, and only for who does it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Answer, Site, start_web


@pytest.fixture(scope="module")
def limited(flow_environment: dict[str, str]) -> Iterator[Site]:
    site, process = start_web({**flow_environment, "LIMITS_ENABLED": "true"})
    yield site
    process.terminate()
    process.wait(20)


async def test_thirty_frames_at_once_pass_then_ten_a_second(site: Site, limited: Site) -> None:
    alice = site.register("Alice")
    line, other = await (await alice.open(site=limited)).ready(), await (await alice.open(site=limited)).ready()
    for number in range(45):
        await line.send(type="ping", client_id=f"c{number}")
    kinds = []
    refused = []
    while len(kinds) < 45:
        frame = await line.next()
        if frame["type"] in ("pong", "error"):
            kinds.append(frame["type"])
            refused += [frame] if frame["type"] == "error" else []
    assert kinds[:30] == ["pong"] * 30
    assert refused[-1]["code"] == "rate_limited"
    assert refused[-1]["client_id"] == "c44"
    assert 0 < refused[-1]["retry_after"] <= 0.2
    assert "error" not in [frame["type"] for frame in await other.until_pong()]
    await asyncio.sleep(refused[-1]["retry_after"])
    assert "error" not in [frame["type"] for frame in await line.until_pong()]
    for found in (line, other):
        await found.close()


async def test_a_flood_after_warnings_is_closed(site: Site, limited: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    line, calm = await (await alice.open(site=limited)).ready(), await (await bob.open(site=limited)).ready()
    for _ in range(200):
        await line.send(type="ping")
    assert await line.closed() == 4429
    assert "error" not in [frame["type"] for frame in await calm.until_pong()]
    await calm.close()


async def test_a_handshake_counts_as_a_request(site: Site, limited: Site) -> None:
    alice = site.register("Alice")
    line = await (await alice.open(site=limited)).ready()

    def ask() -> Answer:
        return limited.call("GET", "auth/me/", Authorization=f"Bearer {alice.token}")

    assert '"api";r=98' in ask().headers["RateLimit"]
    await line.close()

    def use_up() -> None:
        with ThreadPoolExecutor(8) as pool:
            while 429 not in pool.map(lambda _: ask().status, range(24)):
                pass

    async with asyncio.timeout(60):
        while True:
            await asyncio.to_thread(use_up)
            refused = await alice.open(site=limited)
            error = await refused.next()
            if error["type"] == "error":
                break
            # The quota grew again while the ticket was fetched.
            await refused.close()
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= 60
    assert await refused.closed() == 4429
