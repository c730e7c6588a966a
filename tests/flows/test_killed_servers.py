"""PostgreSQL and Valkey are killed under load: what was acknowledged is there once, in one order."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from lyceum.runtime.home import Home
from lyceum.runtime.postgres import Postgres
from lyceum.runtime.valkey import Valkey
from tests.conftest import Line, Person, Site, start_web


@pytest.fixture
def house(flow_environment: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Servers of this test's own, with two web processes beside them."""
    # Not pytest's own folder, which the account of PostgreSQL may not enter.
    folder = Path(tempfile.mkdtemp(prefix="house-"))
    folder.chmod(0o755)
    home = Home(folder)
    postgres, valkey = Postgres(home), Valkey(home)
    postgres.start()
    valkey.start()
    environment = {**flow_environment, "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "migrate"], env=environment, check=True)
    started = [start_web(environment), start_web(environment, realtime__protocol__GIVES_TRANSPORT=False)]
    yield postgres, valkey, [site for site, _ in started]
    for _, process in started:
        process.terminate()
    for _, process in started:
        process.wait(20)
    valkey.stop()
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


def kill(server: Postgres | Valkey) -> None:
    assert server.process is not None
    server.process.kill()
    server.process.wait()


async def over_socket(person: Person, site: Site, room: str, text: str, client_id: str) -> bool:
    """Send once; say whether it was acknowledged."""
    try:
        line = await person.open(f"/ws/chat/{room}/", site=site)
        async with asyncio.timeout(8):
            await line.send(message=text, client_id=client_id)
            while (frame := await line.next())["type"] not in ("user_message_received", "error"):
                pass
            await line.close()
            return bool(frame["type"] == "user_message_received")
    except Exception:  # noqa: BLE001  # whatever broke, the sender tries again
        return False


async def over_http(person: Person, site: Site, room: str, text: str, client_id: str) -> bool:
    try:
        body = {"content": text, "client_id": client_id}
        answer = await asyncio.to_thread(person.call, "POST", f"chat/conversations/{room}/messages/", body)
    except OSError:
        return False
    assert answer.status in (200, 201, 503), answer.data
    return answer.status != 503


async def read(person: Person, room: str) -> list[dict[str, Any]]:
    """Read the newest page; 503 means soon, nothing else does."""
    async with asyncio.timeout(20):
        while True:
            answer = await asyncio.to_thread(person.call, "GET", f"chat/conversations/{room}/messages/?limit=200")
            assert answer.status in (200, 503), answer.data
            if answer.status == 200:
                found: list[dict[str, Any]] = answer.data["results"]
                return found
            await asyncio.sleep(0.2)


async def open_ready(person: Person, site: Site) -> Line:
    """Open a socket, again while the server says 1012."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await (await person.open(site=site)).ready()
            except (ConnectionClosed, KeyError):
                await asyncio.sleep(0.2)


async def until_acknowledged(send: Callable[..., Any], *given: Any) -> None:
    while not await send(*given):
        await asyncio.sleep(0.2)


async def talk(people: list[Person], sites: list[Site], room: str, each: int) -> None:
    async def one(index: int, person: Person) -> None:
        send = over_http if index % 3 == 0 else over_socket
        for number in range(each):
            await until_acknowledged(send, person, sites[index % 2], room, f"{index}.{number}", str(number))

    await asyncio.gather(*(one(index, person) for index, person in enumerate(people)))


@pytest.mark.timeout(150)
async def test_what_was_acknowledged_outlives_a_killed_database_and_an_emptied_valkey(house: tuple[Any, ...]) -> None:
    postgres, valkey, sites = house
    people = [sites[0].register("Sender") for _ in range(6)]
    body = {"kind": "group", "name": "Storm", "participants": [person.id for person in people[1:]]}
    room = people[0].call("POST", "chat/conversations/", body).data["id"]

    talking = asyncio.create_task(talk(people, sites, room, each=6))
    for _ in range(2):
        await asyncio.sleep(1)
        await asyncio.to_thread(kill, postgres)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(postgres.start)
    async with asyncio.timeout(60):
        await talking
    page = await read(people[0], room)
    assert [message["sequence"] for message in page] == list(range(1, 37))
    assert {message["content"] for message in page} == {f"{i}.{n}" for i in range(6) for n in range(6)}

    lines = [await open_ready(people[1], site) for site in sites]
    await asyncio.to_thread(kill, valkey)
    assert await over_http(people[0], sites[0], room, "into the dark", "dark") in (True, False)
    for leftover in Path(valkey.data).glob("appendonlydir/*"):
        leftover.unlink()
    await asyncio.to_thread(valkey.start)
    for line in lines:
        told = await line.hear("reload", within=10)
        assert "conversation" not in told
        await line.send(type="resume", conversation=room, sequence=36)
        await line.hear("resumed")
    await until_acknowledged(over_http, people[0], sites[0], room, "into the dark", "dark")
    await until_acknowledged(over_socket, people[0], sites[1], room, "light again", "light")
    for line in lines:
        while (await line.hear("message"))["message"]["content"] != "light again":
            pass
    page = await read(people[0], room)
    assert [message["sequence"] for message in page] == list(range(1, 39))
    assert [message["content"] for message in page[-2:]] == ["into the dark", "light again"]
