"""Files over sockets and over the wire."""

import asyncio

from tests.conftest import Person, Site
from tests.flows.test_talk_over_sockets import group

MEGABYTE = 1024 * 1024


def upload(person: Person, name: str, data: bytes) -> str:
    made = person.upload("POST", "chat/attachments/", name, data)
    assert made.status == 201, made.data
    return str(made.data["id"])


async def test_files_go_over_a_socket_in_the_order_of_what_was_sent(each_site: Site) -> None:
    site = each_site
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob)
    files = [upload(alice, f"{n}.txt", b"gneiss") for n in range(3)]
    at_alice, at_bob = await (await alice.open()).ready(), await (await bob.open()).ready()
    for n in range(9):
        more = {"attachments": [files[n // 3]]} if n % 3 == 1 else {}
        await at_alice.send(
            type="user_message", conversation=room, message=f"{n}" if n != 4 else "", client_id=f"{n}", **more
        )
    heard = [(await at_bob.hear("message"))["message"] for _ in range(9)]
    assert [message["client_id"] for message in heard] == [f"{n}" for n in range(9)]
    assert [len(message["attachments"]) for message in heard] == [0, 1, 0] * 3
    assert heard[4]["content"] == ""
    assert heard[1]["attachments"][0]["name"] == "0.txt"
    acknowledged = [await at_alice.hear("user_message_received") for _ in range(9)]
    assert [frame["sequence"] for frame in acknowledged] == list(range(1, 10))
    for line in (at_alice, at_bob):
        await line.close()


async def test_a_file_of_somebody_else_is_an_error_and_no_message(site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    room = group(alice, bob)
    stolen = upload(bob, "a.txt", b"gneiss")
    line = await (await alice.open()).ready()
    await line.send(type="user_message", conversation=room, message="mine", client_id="k", attachments=[stolen])
    error = await line.hear("error")
    assert (error["code"], error["client_id"]) == ("invalid", "k")
    assert [(e["field"], e["code"]) for e in error["errors"]] == [("attachments.0", "not_found")]
    await line.send(type="user_message", conversation=room, message="", client_id="k")
    assert (await line.hear("error"))["code"] == "invalid"
    await line.send(type="user_message", conversation=room, message="mine", client_id="k")
    assert (await line.hear("user_message_received"))["sequence"] == 1
    await line.close()


async def test_25_megabytes_are_taken_and_not_a_byte_more_than_the_form_holds(site: Site) -> None:
    alice = site.register("Alice")
    full = b"x" * (25 * MEGABYTE)
    made = await asyncio.to_thread(alice.upload, "POST", "chat/attachments/", "full.txt", full)
    assert (made.status, made.data["size"]) == (201, len(full))
    refused = await asyncio.to_thread(alice.upload, "POST", "chat/attachments/", "more.txt", full + b"x")
    assert (refused.status, refused.data["code"]) == (413, "body_too_large")
