"""A service with its key on a socket, beside people; and how its connection ends with the key."""

from typing import Any

from tests.conftest import Person, Site
from tests.flows.test_handshakes import open_with


def service_of(site: Site, staff: Person, *scopes: str) -> tuple[dict[str, Any], Person]:
    """Return a new key, and its service as one that calls and opens sockets."""
    made = staff.call("POST", "auth/keys/", {"name": "Core scanner", "scopes": list(scopes)})
    assert made.status == 201, made.data
    key = made.data
    return key, Person(site, key["user"], "", "Core scanner", key["key"])


async def test_a_service_talks_on_a_socket_until_its_key_is_revoked(each_site: Site) -> None:
    alice, staff = each_site.register("Alice"), each_site.register("Priya").become_staff()
    key, service = service_of(each_site, staff, "chat:read", "chat:write")
    body = {"kind": "group", "name": "Shed", "participants": [service.id]}
    room = alice.call("POST", "chat/conversations/", body).data["id"]
    at_alice = await (await alice.open()).ready()
    at_service = await service.open()
    me = {"id": service.id, "name": "Core scanner", "kind": "service", "avatar": None}
    assert (await at_service.hear("connection_established"))["user"] == me

    await at_service.send(type="user_message", conversation=room, message="Core 12 is scanned.")

    await at_service.hear("user_message_received")
    assert (await at_alice.hear("message"))["message"]["sender"] == me
    page = alice.call("GET", f"chat/conversations/{room}/messages/").data["results"]
    assert page[0]["sender"] == me
    listed = alice.call("GET", "chat/conversations/").data["results"][0]
    assert {one["name"]: one["kind"] for one in listed["participants"]}["Core scanner"] == "service"
    assert listed["last_message"]["sender"]["kind"] == "service"

    late = service.call("POST", "auth/ws-ticket/").data["ticket"]
    assert staff.call("DELETE", f"auth/keys/{key['id']}/").status == 204
    assert await at_service.closed(within=2) == 4401
    assert await (await open_with(each_site, offered=["lyceum.v1", f"ticket.{late}"])).closed() == 4401
    assert service.call("POST", "auth/ws-ticket/").data["code"] == "token_revoked"
    assert alice.call("GET", f"chat/conversations/{room}/messages/").data["results"][0]["sender"] == me


def test_a_socket_needs_leave_to_read_and_to_write(site: Site) -> None:
    staff = site.register("Priya").become_staff()
    for scopes in (["chat:read"], ["chat:write"], ["users:read"]):
        _key, service = service_of(site, staff, *scopes)
        refused = service.call("POST", "auth/ws-ticket/")
        assert (refused.status, refused.data["code"]) == (403, "forbidden")
