"""Who is in and who is out, on sockets that are open, in both processes."""

import asyncio
import subprocess
import sys

import pytest

from tests.conftest import PASSWORD, Line, Person, Site


def room_of(owner: Person, *members: Person) -> str:
    body = {"kind": "group", "name": "Field trip", "participants": [m.id for m in members]}
    return str(owner.call("POST", "chat/conversations/", body).data["id"])


def second_sign_in(person: Person) -> Person:
    tokens = person.site.call("POST", "auth/token/", {"email": person.email, "password": PASSWORD}).data
    return Person(person.site, person.id, person.email, person.name, tokens["access"])


async def kinds(line: Line) -> list[str]:
    return [frame["type"] for frame in await line.until_pong() if "presence" not in frame["type"]]


async def test_who_is_added_is_told_what_and_hears_from_then_on(site: Site, second_site: Site) -> None:
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    at_bob, at_charlie = await (await bob.open(site=second_site)).ready(), await (await charlie.open()).ready()
    at_alice = await (await alice.open()).ready()
    room = room_of(alice, bob)
    added = await at_bob.hear("conversation_added")
    assert (added["conversation"], added["details"]["id"], added["details"]["name"]) == (room, room, "Field trip")
    assert (await at_alice.hear("conversation_added"))["details"]["unread_count"] == 0
    alice.call("POST", f"chat/conversations/{room}/members/", {"user": charlie.id})
    told = await at_bob.hear("member_added")
    assert (told["user"]["name"], told["role"], told["by"]) == ("Charlie Tester", "member", alice.id)
    assert (await at_charlie.hear("conversation_added"))["conversation"] == room
    await at_charlie.send(type="user_message", conversation=room, message="hello all")
    assert (await at_bob.hear("message"))["message"]["sender"]["id"] == charlie.id
    direct = {"kind": "direct", "participants": [bob.id]}
    pair = charlie.call("POST", "chat/conversations/", direct).data["id"]
    assert (await at_bob.hear("conversation_added"))["details"]["kind"] == "direct"
    await at_charlie.send(type="user_message", conversation=pair, message="just us")
    assert (await at_bob.hear("message"))["conversation"] == pair
    for line in (at_alice, at_bob, at_charlie):
        await line.close()


async def test_who_is_removed_gets_one_last_frame(site: Site, second_site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    everything, single = (
        await (await bob.open(site=second_site)).ready(),
        await (await bob.open(f"/ws/chat/{room}/", site=second_site)).ready(),
    )
    at_alice = await (await alice.open()).ready()
    alice.call("DELETE", f"chat/conversations/{room}/members/{bob.id}/")
    last = await single.hear("member_removed")
    assert (last["user"], last["by"], last["conversation"]) == (bob.id, alice.id, room)
    assert await single.closed() == 4403
    assert (await at_alice.hear("member_removed"))["user"] == bob.id
    alice.call("POST", f"chat/conversations/{room}/messages/", {"content": "now among us"})
    assert await kinds(everything) == ["member_removed"]
    await everything.send(type="typing_indicator", conversation=room, is_typing=True)
    assert (await everything.hear("error"))["code"] == "not_found"
    await everything.send(type="resume", conversation=room, sequence=0)
    assert (await everything.hear("error"))["code"] == "not_found"
    for line in (everything, at_alice):
        await line.close()


async def test_what_is_ones_own_is_told_to_ones_other_devices_alone(each_site: Site) -> None:
    site = each_site
    alice, bob = site.register("Alice"), site.register("Bob")
    made = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]})
    path = f"chat/conversations/{made.data['id']}/"
    other_device, at_bob = await (await alice.open()).ready(), await (await bob.open()).ready()
    alice.call("PATCH", path, {"notifications": "mentions"})
    told = await other_device.hear("conversation_updated")
    assert (told["conversation"], told["changes"]) == (made.data["id"], {"notifications": "mentions"})
    alice.call("DELETE", path)
    assert (await other_device.hear("conversation_updated"))["changes"] == {"hidden": True}
    alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]})
    assert (await other_device.hear("conversation_added"))["details"]["notifications"] == "mentions"
    told_to_bob = {frame["type"] for frame in await at_bob.until_pong()}
    assert not told_to_bob & {"conversation_updated", "conversation_added"}
    for line in (other_device, at_bob):
        await line.close()


async def test_settings_roles_and_the_end_are_told(each_site: Site) -> None:
    site = each_site
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    everything, single = await (await bob.open()).ready(), await (await bob.open(f"/ws/chat/{room}/")).ready()
    path = f"chat/conversations/{room}/"
    alice.call("PATCH", path, {"name": "Camp"})
    alice.call("PATCH", f"{path}members/{bob.id}/", {"role": "owner"})
    assert (await single.hear("conversation_updated"))["changes"] == {"name": "Camp"}
    assert (await single.hear("conversation_updated"))["changes"] == {"roles": {bob.id: "owner"}}
    alice.call("DELETE", f"{path}?for=everyone")
    assert (await single.hear("conversation_updated"))["changes"] == {"ended": True}
    assert await single.closed() == 4403
    changes = [(await everything.hear("conversation_updated"))["changes"] for _ in range(3)]
    assert changes[-1] == {"ended": True}
    await everything.send(type="user_message", conversation=room, message="anybody?")
    assert (await everything.hear("error"))["code"] == "not_found"
    assert await (await bob.open(f"/ws/chat/{room}/")).closed() == 4403
    later = await bob.open()
    assert (await later.hear("connection_established"))["conversations"] == []
    await later.close()
    alice.call("POST", f"{path}restore/")
    assert (await everything.hear("conversation_added"))["details"]["name"] == "Camp"
    alice.call("POST", f"{path}messages/", {"content": "back"})
    assert (await everything.hear("message"))["message"]["content"] == "back"
    await everything.close()


async def test_what_was_said_before_somebody_came_is_quoted_to_the_others_alone(site: Site) -> None:
    alice, bob, late = site.register("Alice"), site.register("Bob"), site.register("Late")
    room = room_of(alice, bob)
    messages = f"chat/conversations/{room}/messages/"
    root = alice.call("POST", messages, {"content": "a secret"}).data["id"]
    alice.call("POST", f"chat/conversations/{room}/members/", {"user": late.id})
    lines = [await (await person.open()).ready() for person in (alice, late)]
    bob.call("POST", messages, {"content": "as said", "reply_to": root})
    quoted = [(await line.hear("message"))["message"]["reply_to"]["excerpt"] for line in lines]
    assert quoted == ["a secret", None]
    for line in lines:
        await line.close()


async def test_own_devices_hear_messages_and_reads_but_not_typing_or_presence(site: Site, second_site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = room_of(alice, bob)
    phone, desk = await (await alice.open()).ready(), await (await alice.open(site=second_site)).ready()
    bob.call("POST", f"chat/conversations/{room}/messages/", {"content": "hi"})
    await desk.hear("message")
    await phone.send(type="typing_indicator", conversation=room, is_typing=True)
    await phone.send(type="presence", state="away")
    await phone.send(type="user_message", conversation=room, message="hello")
    assert (await desk.hear("message"))["message"]["content"] == "hello"
    bob.call("POST", f"chat/conversations/{room}/messages/", {"content": "and"})
    await phone.send(type="read_receipt", conversation=room, sequence=3)
    told = await desk.hear("read_receipt")
    assert (told["user"], told["sequence"]) == (alice.id, 3)
    assert "message" in await kinds(phone)
    assert await kinds(desk) == []
    for line in (phone, desk):
        await line.close()


async def test_frames_for_the_wrong_place_get_their_code(site: Site) -> None:
    alice = site.register("Alice")
    room, other = room_of(alice), room_of(alice)
    line = await (await alice.open(f"/ws/chat/{room}/")).ready()
    for frame, code in (
        ({"type": "read_receipt", "conversation": other, "sequence": 1}, "wrong_conversation"),
        ({"type": "subscribe", "topic": "alerts"}, "wrong_socket"),
        ({"type": "resume", "sequences": {room: 0}}, "wrong_socket"),
        ({"message": "x", "client_id": "k" * 65}, "too_long"),
        ({"message": "  "}, "invalid"),
        ({"message": "x", "reply_to": other}, "invalid"),
        ({"type": "presence", "state": "dancing"}, "invalid"),
    ):
        await line.send(**frame)
        assert (await line.hear("error"))["code"] == code, frame
    await line.close()


@pytest.mark.parametrize("how", ["sign out", "end one", "end others", "deactivate"])
async def test_a_sign_in_that_ends_takes_its_sockets_within_two_seconds(
    site: Site, second_site: Site, how: str
) -> None:
    alice = site.register("Alice")
    other = second_sign_in(alice)
    lines = [await (await other.open(site=found)).ready() for found in (site, second_site)]
    mine = await (await alice.open()).ready()
    match how:
        case "sign out":
            tokens = site.call("POST", "auth/token/", {"email": alice.email, "password": PASSWORD}).data
            gone = Person(site, alice.id, alice.email, alice.name, tokens["access"])
            lines = [await (await gone.open(site=found)).ready() for found in (site, second_site)]
            assert site.call("POST", "auth/token/blacklist/", {"refresh": tokens["refresh"]}).status == 204
        case "end one":
            sessions = alice.call("GET", "users/sessions/").data
            found = [s for s in (sessions["results"] if isinstance(sessions, dict) else sessions) if not s["current"]]
            assert alice.call("DELETE", f"users/sessions/{found[0]['id']}/").status == 204
        case "end others":
            assert alice.call("DELETE", "users/sessions/?others=true").status == 204
        case "deactivate":
            program = (
                "import django; django.setup()\n"
                "from lyceum.accounts.models import User\nfrom lyceum.accounts import services\n"
                f"services.deactivate(User.objects.get(pk='{alice.id}'), actor=None)"
            )
            environment = {**site.environment, "DJANGO_SETTINGS_MODULE": "lyceum.config.settings"}
            await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], env=environment, check=True)
            assert await mine.closed(within=2) == 4401
    for line in lines:
        assert (await line.hear("error", within=2))["code"] == "session_ended"
        assert await line.closed(within=2) == 4401
    if how != "deactivate":
        assert await kinds(mine) == []
        await mine.close()
