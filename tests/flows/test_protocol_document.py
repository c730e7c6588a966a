"""The AsyncAPI document and the running server say the same; every line of every flow test checks its frames too."""

from typing import Any

from tests.conftest import Person, Site
from tests.protocol import HEARD

SAMPLES: dict[str, list[dict[str, Any]]] = {
    "user_message": [
        {"message": "hello"},
        {"type": "user_message", "message": "hello", "client_id": "k", "reply_to": None, "attachments": []},
        {"message": "hello", "include_spatial_context": True, "what": "unknown fields are passed over"},
    ],
    "typing_indicator": [{"is_typing": True}, {"is_typing": False}],
    "read_receipt": [{"sequence": 1}],
    "resume": [{"sequence": 1}, {"sequences": {}, "since": "2026-01-01T00:00:00Z"}],
    "presence": [{"state": "away"}, {"state": "online"}],
    "subscribe": [{"topic": "alerts"}, {"topic": "jobs"}],
    "unsubscribe": [{"topic": "alerts"}, {"topic": "jobs"}],
    "ping": [{}],
}


def group(owner: Person, *members: Person) -> str:
    body = {"kind": "group", "name": "Field trip", "participants": [m.id for m in members]}
    return str(owner.call("POST", "chat/conversations/", body).data["id"])


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for value in part for found in references(value)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [found for value in part.values() for found in references(value)]


def test_the_document_hangs_together(site: Site) -> None:
    document = site.protocol.document
    assert document["asyncapi"] == "3.1.0"
    assert {channel["address"] for channel in document["channels"].values()} == {"/ws/", "/ws/chat/{conversation}/"}
    for reference in references(document):
        part = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    for operation in document["operations"].values():
        side = "client" if operation["action"] == "receive" else "server"
        assert all(f"/messages/{side}_" in message["$ref"] for message in operation["messages"])
    assert site.call("GET", "asyncapi/").data == document


async def test_every_command_in_the_document_is_accepted(each_site: Site) -> None:
    site = each_site
    alice = site.register("Alice")
    room = group(alice)
    line = await (await alice.open()).ready()
    commands = {n.removeprefix("client_") for n in site.protocol.document["components"]["messages"] if "client_" in n}
    assert commands == set(SAMPLES)
    for name, samples in SAMPLES.items():
        for sample in samples:
            frame = {"type": name, "conversation": room, **sample}
            site.protocol.check(frame, side="client") if "what" not in sample else None
            await line.send(**frame)
            errors = [heard["code"] for heard in await line.until_pong() if heard["type"] == "error"]
            assert errors == (["unknown_topic"] if sample.get("topic") == "alerts" else []), frame
    await line.close()


async def test_every_frame_of_chat_is_sent_as_documented(each_site: Site) -> None:
    HEARD.clear()
    site = each_site
    alice, bob, charlie = site.register("Alice"), site.register("Bob"), site.register("Charlie")
    at_bob = await (await bob.open()).ready()
    room = group(alice, bob)
    path = f"chat/conversations/{room}/"
    at_alice = await alice.open()
    await at_alice.send(type="typing_indicator", conversation=room, is_typing=True)
    await at_alice.send(type="user_message", conversation=room, message="hello @Bob Tester", client_id="1")
    first = (await at_alice.hear("user_message_received"))["message_id"]
    reply = alice.call("POST", f"{path}messages/", {"content": "again", "reply_to": first}).data["id"]
    bob.call("PUT", f"{path}messages/{first}/reactions/👍/")
    alice.call("PATCH", f"{path}messages/{first}/", {"content": "hello you"})
    alice.call("DELETE", f"{path}messages/{reply}/")
    bob.call("POST", f"{path}read/", {"sequence": 2})
    alice.call("POST", f"{path}members/", {"user": charlie.id})
    alice.call("PATCH", f"{path}members/{charlie.id}/", {"role": "owner"})
    alice.call("PATCH", path, {"name": "Camp", "history": "all"})
    alice.call("DELETE", f"{path}members/{charlie.id}/")
    await at_bob.send(type="resume", conversation=room, sequence=0)
    await at_bob.send(type="resume", conversation=room, sequence=9)
    await at_bob.until_pong()
    await at_bob.send(type="dance")
    await at_bob.hear("error")
    alice.call("DELETE", f"{path}?for=everyone")
    alice.call("POST", f"{path}restore/")
    await at_bob.hear("conversation_added")
    unheard = {n for n in site.protocol.document["components"]["messages"] if n.startswith("server_")} - HEARD
    # These have flows of their own.
    assert unheard <= {"server_draining", "server_heartbeat", "server_job"}
    for line in (at_alice, at_bob):
        await line.close()
