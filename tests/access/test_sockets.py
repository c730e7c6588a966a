"""Every command of the sockets, tried by everybody: over real connections, as frames travel."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from lyceum.core import scopes, topics
from lyceum.core.ids import uuid7
from lyceum.realtime import registry
from lyceum.realtime.asyncapi import document
from tests.access.lines import FILE, lines
from tests.conftest import Line, Person, Site
from tests.flows.test_services_on_sockets import service_of

LINES = lines("socket")
TOPICS = yaml.safe_load(FILE.read_text())["topics"]


@dataclass
class Room:
    id: str
    word: str
    people: dict[str, Person]

    def texts(self) -> list[str]:
        found = self.people["owner"].call("GET", f"chat/conversations/{self.id}/messages/")
        assert found.status == 200
        return [message["content"] for message in found.data["results"]]


@pytest.fixture(scope="module")
def room(site: Site) -> Room:
    people = {role: site.register(role.title()) for role in ("owner", "member", "removed", "stranger")}
    word = f"zq{secrets.token_hex(8)}"
    others = [people[role].id for role in ("member", "removed")]
    body = {"kind": "group", "name": word, "participants": others, "history": "all"}
    made = people["owner"].call("POST", "chat/conversations/", body)
    at = f"chat/conversations/{made.data['id']}"
    assert people["member"].call("POST", f"{at}/messages/", {"content": word}).status == 201
    assert people["owner"].call("DELETE", f"{at}/members/{people['removed'].id}/").status == 204
    return Room(made.data["id"], word, people)


async def heard(line: Line, name: str, **fields: Any) -> list[dict[str, Any]]:
    """Send a frame and return all that comes of it; commands of one connection are carried out in turn."""
    await line.send(type=name, **fields)
    return await line.until_pong()


def errors(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["code"] for frame in frames if frame["type"] == "error"]


def shapes(frames: list[dict[str, Any]]) -> list[set[str]]:
    return [set(frame) for frame in frames if frame["type"] == "error"]


def test_every_command_is_documented_and_has_its_line() -> None:
    messages = document()["components"]["messages"]
    documented = {name.removeprefix("client_") for name in messages if name.startswith("client_")}
    assert documented == set(registry.commands)
    assert set(LINES) == set(registry.commands), f"Say who may, in `socket:` of tests/access/{FILE.name}."


@pytest.mark.parametrize("name", sorted(LINES))
async def test_a_command_is_for_those_whom_its_line_names(room: Room, name: str) -> None:
    rule = LINES[name]
    where = {"conversation": room.id} if rule.kind == "member" else {}
    before = await asyncio.to_thread(room.texts)
    if rule.kind == "member":
        for role in ("stranger", "removed"):
            line = await (await room.people[role].open()).ready()
            refused = await heard(line, name, **where, **(rule.body or {}))
            nothing = await heard(line, name, conversation=str(uuid7()), **(rule.body or {}))
            assert errors(refused) == errors(nothing) == ["not_found"], role
            assert shapes(refused) == shapes(nothing)
            assert room.word not in str(refused)
            await line.close()
        assert await asyncio.to_thread(room.texts) == before
    for role in ("member", "owner"):
        line = await (await room.people[role].open()).ready()
        assert errors(await heard(line, name, **where, **(rule.body or {}))) == list(rule.answers)
        await line.close()


def test_every_topic_has_its_line() -> None:
    assert {name: list(found.scopes) for name, found in topics.declared().items()} == TOPICS


@pytest.mark.parametrize("topic", sorted(TOPICS))
async def test_a_topic_is_for_people_and_for_what_has_its_scopes(site: Site, topic: str) -> None:
    staff = site.register("Priya").become_staff()
    _key, whole = service_of(site, staff, *scopes.declared())
    _key, without = service_of(site, staff, *(name for name in scopes.declared() if name not in TOPICS[topic]))
    for who, may in ((staff, True), (whole, bool(TOPICS[topic])), (without, False)):
        line = await (await who.open()).ready()
        for command in ("subscribe", "unsubscribe"):
            assert errors(await heard(line, command, topic=topic)) == ([] if may else ["unknown_topic"])


async def test_a_socket_of_one_conversation_opens_for_its_members_alone(room: Room) -> None:
    for role in ("stranger", "removed"):
        line = await room.people[role].open(f"/ws/chat/{room.id}/")
        assert await line.closed() == 4403
        other = await room.people[role].open(f"/ws/chat/{uuid7()}/")
        assert await other.closed() == 4403
    line = await (await room.people["member"].open(f"/ws/chat/{room.id}/")).ready()
    assert errors(await heard(line, "ping")) == []


HOT = ("chat/conversations/", "chat/conversations/{room}/", "chat/conversations/{room}/messages/")


@pytest.mark.parametrize("path", HOT)
def test_the_doors_beside_django_keep_to_the_matrix_too(room: Room, site: Site, path: str) -> None:
    at, absent = path.format(room=room.id), path.format(room=uuid7())
    for credentials in ({}, {"Authorization": "Bearer lya_nothing"}, {"Authorization": "Basic x"}):
        assert site.call("GET", at, **credentials).status == 401
    # Twice: what the first answer leaves behind must not serve the second.
    for role in ("owner", "stranger", "removed", "stranger", "member"):
        answer, is_in = room.people[role].call("GET", at), role in ("owner", "member")
        assert answer.status == (200 if is_in or path == HOT[0] else 404), role
        assert (room.word in str(answer.data)) == is_in, role
        if answer.status == 404:
            nothing = room.people[role].call("GET", absent)
            differing = {name for name in answer.data if answer.data[name] != nothing.data[name]}
            assert (nothing.status, differing) == (404, {"instance", "request_id"})


@pytest.fixture(autouse=True)
async def lines_are_closed() -> Any:
    yield
    for line in Line.opened:
        await line.close()
    Line.opened.clear()
