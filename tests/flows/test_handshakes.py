"""Who may open a socket, and with which code the others are closed."""

import secrets
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.conftest import PASSWORD, Line, Person, Site


async def open_with(site: Site, path: str = "/ws/", offered: list[str] | None = None, **headers: str) -> Line:
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    url = f"ws://127.0.0.1:{site.port}{path}"
    own: dict[str, Any] = {"origin": headers.pop("Origin")} if "Origin" in headers else {}
    sent = [pair for pair in sent if pair[0] != "Origin"]
    offer: Any = offered
    return Line(await connect(url, subprotocols=offer, additional_headers=sent, proxy=None, **own), site.protocol)


def ticket_of(person: Person) -> str:
    return f"ticket.{person.call('POST', 'auth/ws-ticket/').data['ticket']}"


def cookie_of(person: Person) -> str:
    csrf = person.site.call("GET", "users/csrf/")
    token = csrf.data["csrf_token"]
    signed_in = person.site.call(
        "POST",
        "users/login/",
        {"email": person.email, "password": PASSWORD},
        Cookie=f"csrftoken={token}",
        X_CSRFToken=token,
    )
    assert signed_in.status == 200, signed_in.data
    cookies = [part.split(";")[0] for part in signed_in.headers.get_all("Set-Cookie")]
    return next(part for part in cookies if part.startswith("sessionid="))


async def test_a_ticket_opens_one_socket_and_the_protocol_is_answered(site: Site) -> None:
    alice = site.register("Alice")
    ticket = ticket_of(alice)
    line = await open_with(site, offered=["lyceum.v1", ticket])
    assert line.socket.subprotocol == "lyceum.v1"
    first = await line.hear("connection_established")
    assert (first["user"]["id"], first["conversations"]) == (alice.id, [])
    again = await open_with(site, offered=["lyceum.v1", ticket])
    assert await again.closed() == 4401
    await line.close()


@pytest.mark.parametrize(
    ("path", "offered", "code"),
    [
        ("/ws/", None, 4401),
        ("/ws/", ["lyceum.v1"], 4401),
        ("/ws/", ["chat"], 4400),
        ("/ws/", ["lyceum.v2", "ticket." + "x" * 43], 4400),
        ("/ws/", ["lyceum.v1", "ticket.short"], 4401),
        ("/ws/", ["lyceum.v1", "ticket." + "x" * 21], 4401),
        ("/ws/", ["lyceum.v1", "ticket." + "x" * 129], 4401),
        ("/ws/", ["lyceum.v1", "ticket." + "x" * 43], 4401),
        ("/ws/other/", ["lyceum.v1"], 4400),
        ("/ws/chat/", ["lyceum.v1"], 4400),
        ("/ws/chat/1/2/", ["lyceum.v1"], 4400),
        ("/ws/chat/no-id/", ["lyceum.v1"], 4401),
    ],
)
async def test_who_is_not_let_in_is_told_why_after_the_handshake(
    site: Site, path: str, offered: list[str] | None, code: int
) -> None:
    line = await open_with(site, path, offered)
    assert await line.closed() == code


async def test_what_is_not_theirs_and_what_is_not_there_look_the_same(site: Site) -> None:
    alice, charlie = site.register("Alice"), site.register("Charlie")
    body = {"kind": "group", "name": "Field trip", "participants": []}
    room = alice.call("POST", "chat/conversations/", body).data["id"]
    for path in (room, room.replace(room[:8], "00000000"), "no-id"):
        line = await open_with(site, f"/ws/chat/{path}/", ["lyceum.v1", ticket_of(charlie)])
        with pytest.raises(Exception, match="4403"):
            await line.next()
        assert await line.closed() == 4403


async def test_a_cookie_opens_a_socket_for_pages_of_the_same_host(site: Site) -> None:
    alice = site.register("Alice")
    cookie = cookie_of(alice)
    own = f"http://127.0.0.1:{site.port}"
    line = await open_with(site, Cookie=cookie, Origin=own)
    assert (await line.hear("connection_established"))["user"]["id"] == alice.id
    assert line.socket.subprotocol is None
    await line.close()
    for origin in ("http://127.0.0.1", "https://evil.example", "null"):
        assert await (await open_with(site, Cookie=cookie, Origin=origin)).closed() == 4401
    assert await (await open_with(site, Cookie=cookie)).closed() == 4401
    assert await (await open_with(site, Cookie=f"sessionid={secrets.token_hex(16)}", Origin=own)).closed() == 4401
    # A bad ticket is not saved by a good cookie.
    beside = await open_with(site, offered=["lyceum.v1", "ticket." + "x" * 43], Cookie=cookie, Origin=own)
    assert await beside.closed() == 4401


async def test_a_cookie_of_an_older_password_opens_nothing(site: Site) -> None:
    alice = site.register("Alice")
    cookie, own = cookie_of(alice), f"http://127.0.0.1:{site.port}"
    token = site.call("GET", "users/csrf/").data["csrf_token"]
    both = {"Cookie": f"{cookie}; csrftoken={token}", "X_CSRFToken": token}
    ticket = site.call("POST", "auth/ws-ticket/", **both).data["ticket"]
    alice.get_another_password()
    assert await (await open_with(site, Cookie=cookie, Origin=own)).closed() == 4401
    assert await (await open_with(site, offered=["lyceum.v1", f"ticket.{ticket}"])).closed() == 4401


async def test_the_21st_socket_is_refused_whichever_process_has_the_others(site: Site, second_site: Site) -> None:
    alice = site.register("Alice")
    lines = [await (await alice.open(site=(site, second_site)[n % 2])).ready() for n in range(20)]
    refused = await alice.open(site=second_site)
    assert (await refused.hear("error"))["code"] == "too_many_sockets"
    assert await refused.closed() == 4429
    await lines[0].close()
    await (await alice.open(site=second_site)).ready()
    assert not [line for line in lines[1:] if line.socket.close_code]
    for line in lines[1:]:
        await line.close()
