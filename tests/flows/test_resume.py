"""Who comes back gets what was missed, in order, once, or is told to read anew."""

from typing import Any

from tests.conftest import Line, Person, Site


def room_of(owner: Person, *members: Person) -> str:
    body = {"kind": "group", "name": "Field trip", "participants": [m.id for m in members]}
    return str(owner.call("POST", "chat/conversations/", body).data["id"])


def say(person: Person, room: str, text: str, **more: Any) -> dict[str, Any]:
    answer = person.call("POST", f"chat/conversations/{room}/messages/", {"content": text, **more})
    assert answer.status == 201, answer.data
    found: dict[str, Any] = answer.data
    return found


async def asked(line: Line, **frame: Any) -> list[dict[str, Any]]:
    await line.send(type="resume", **frame)
    return [frame for frame in await line.until_pong() if "presence" not in frame["type"]]


def brief(frames: list[dict[str, Any]]) -> list[Any]:
    return [
        frame["message"]["sequence"] if frame["type"] == "message" else (frame["type"], frame.get("count"))
        for frame in frames
    ]


async def test_one_conversation(each_site: Site) -> None:
    site = each_site
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    for number in range(1, 6):
        say(alice, room, f"m{number}")
    line = await (await bob.open(f"/ws/chat/{room}/")).ready()
    missed = await asked(line, sequence=2)
    assert brief(missed) == [3, 4, 5, ("resumed", 3)]
    assert (missed[-1]["from"], missed[-1]["to"], missed[-1]["conversation"]) == (2, 5, room)
    [nothing] = await asked(line, sequence=5)
    assert (nothing["type"], nothing["from"], nothing["to"], nothing["count"]) == ("resumed", 5, 5, 0)
    assert brief(await asked(line, sequence=6)) == [("reload", 5)]
    for bad, code in ((-1, "too_small"), ("2", "invalid_type"), (1.5, "invalid_type"), (True, "invalid_type")):
        [error] = await asked(line, sequence=bad)
        assert (error["code"], error["errors"][0]["field"], error["errors"][0]["code"]) == ("invalid", "sequence", code)
    [error] = await asked(line)
    assert error["errors"][0]["code"] == "required"
    await line.close()


async def test_many_conversations_at_once(site: Site) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    quiet, busy, theirs = room_of(alice, bob), room_of(alice, bob), room_of(alice, charlie)
    for room in (quiet, busy, theirs):
        say(alice, room, "one")
        say(alice, room, "two")
    line = await (await bob.open()).ready()
    missed = await asked(line, sequences={quiet: 2, busy: 1, theirs: 0})
    assert brief(missed) == [2, ("resumed", 1)]
    assert {frame["conversation"] for frame in missed} == {busy}
    assert await asked(line, sequences={quiet: 2, busy: 2}) == []
    assert brief(await asked(line, sequences={quiet: 7})) == [("reload", 2)]
    [error] = await asked(line, sequences={f"{n:08}-0000-7000-8000-000000000000": 0 for n in range(501)})
    assert error["code"] == "too_long"
    [error] = await asked(line, sequence=1)
    assert error["code"] == "conversation_required"
    await line.close()


async def test_changes_to_older_messages_come_with_since(each_site: Site) -> None:
    site = each_site
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    first, second, third = (say(alice, room, text)["id"] for text in ("one", "two", "three"))
    line = await (await bob.open()).ready()
    [seen] = await asked(line, conversation=room, sequence=3)
    path = f"chat/conversations/{room}/messages/"
    alice.call("PATCH", f"{path}{first}/", {"content": "one, edited"})
    alice.call("DELETE", f"{path}{second}/")
    alice.call("PUT", f"{path}{third}/reactions/👍/")
    await line.until_pong()
    missed = await asked(line, conversation=room, sequence=3, since=seen["timestamp"])
    assert [frame["type"] for frame in missed] == ["message_edited", "message_deleted", "message_edited", "resumed"]
    assert missed[0]["message"]["content"] == "one, edited"
    assert missed[1]["message_id"] == second
    assert missed[2]["message"]["reactions"] == [{"emoji": "👍", "count": 1, "users": [alice.id]}]
    many = await asked(line, sequences={room: 3}, since=seen["timestamp"])
    assert [frame["type"] for frame in many][:3] == ["message_edited", "message_deleted", "message_edited"]
    [error] = await asked(line, conversation=room, sequence=3, since="yesterday")
    assert error["errors"][0]["field"] == "since"
    await line.close()


async def test_more_than_500_are_to_be_read_anew(site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    sender = await (await alice.open(f"/ws/chat/{room}/")).ready()
    for number in range(501):
        await sender.send(message=f"m{number}")
    for _ in range(501):
        await sender.hear("user_message_received", within=20)
    line = await (await bob.open()).ready()
    assert brief(await asked(line, conversation=room, sequence=0)) == [("reload", 501)]
    missed = await asked(line, conversation=room, sequence=1)
    assert brief(missed) == [*range(2, 502), ("resumed", 500)]
    for found in (sender, line):
        await found.close()
