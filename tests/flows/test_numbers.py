import asyncio
import time
import urllib.request
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Site, start_web

TOKEN = "scrape-7"
Samples = dict[tuple[str, ...], float]


def scrape(site: Site) -> Samples:
    request = urllib.request.Request(f"{site.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(s.name, *(v for _, v in sorted(s.labels.items()))): s.value for f in families for s in f.samples}


async def until(site: Site, is_so: Callable[[Samples], bool]) -> Samples:
    """Scrape until something is told; each process tells its numbers every 3 seconds."""
    ends = time.monotonic() + 20
    while not is_so(found := await asyncio.to_thread(scrape, site)):
        assert time.monotonic() < ends, found
        await asyncio.sleep(0.3)
    return found


def processes(found: Samples) -> set[str]:
    return {labels[0] for name, *labels in found if name == "lyceum_sockets_all"}


def total(found: Samples, *beginning: str) -> float:
    return sum(value for key, value in found.items() if key[0] == beginning[0] and set(beginning) <= set(key))


async def test_one_process_tells_of_another_until_it_ends(site: Site) -> None:
    first, one = start_web({**site.environment, "METRICS_TOKEN": TOKEN})
    second, other = start_web({**site.environment, "METRICS_TOKEN": TOKEN})
    try:
        alice = await asyncio.to_thread(second.register, "Alice")
        line = await (await alice.open("/ws/", site=second)).ready()
        await line.until_pong()
        name = f":{other.pid}"
        found = await until(
            first,
            lambda found: any(k[0] == "lyceum_sockets_all" and k[1].endswith(name) and v for k, v in found.items()),
        )
        process = next(process for process in processes(found) if process.endswith(name))
        assert found["lyceum_groups", process] >= 2
        assert total(found, "lyceum_frames_in_total", process, "ping") >= 1
        assert total(found, "lyceum_http_request_seconds_count", process, "/api/v1/users/register/") == 1
        body = {"kind": "group", "name": "Cores", "participants": []}
        made = await asyncio.to_thread(alice.call, "POST", "chat/conversations/", body)
        await line.hear("conversation_added")
        where = made.data["id"]
        await line.send(type="user_message", conversation=where, message="hello")
        await line.hear("user_message_received")
        await line.send(type="resume", conversation=where, sequence=0)
        await line.hear("resumed")
        told = lambda found: total(found, "lyceum_resumes_total", process, "filled")  # noqa: E731
        found = await until(first, lambda found: told(found) == 1 and found["lyceum_batch_messages_count", process])
        assert found["lyceum_batch_messages_sum", process] == found["lyceum_commit_seconds_count", process] == 1
        assert found["lyceum_filled_messages_total", process] == 1
        assert total(found, "lyceum_frames_out_total", process, "message") >= 1
        assert 0 < total(found, "lyceum_fan_out_seconds_sum", process, "message") < 5
        assert found["lyceum_pool_size", process] >= 1
        assert found["lyceum_writer_waiting", process] == found["lyceum_pool_waiting", process] == 0
        await line.close()
        found = await until(first, lambda found: total(found, "lyceum_sockets_closed_total", process) == 1)
        assert found["lyceum_sockets_all", process] == 0
        other.terminate()
        await asyncio.to_thread(other.wait, 20)
        await until(first, lambda found: process not in processes(found))
    finally:
        for running in (one, other):
            running.terminate()
            running.wait(20)
