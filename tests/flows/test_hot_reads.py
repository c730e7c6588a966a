"""A hot read and the ordinary door give one answer; what is not plain is the door's."""

import http.client
import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.conftest import PASSWORD, Person, Site
from tests.flows.test_requests import ask, signed

# Admits JSON like any other, but no client says it: so the ordinary door answers.
UNUSUAL = "application/*"
PASSING = {"date", "content-length", "x-request-id", "ratelimit"}


def read(person: Person, path: str) -> tuple[Any, Any]:
    """Return what both ways answer, after a look at which was which: a hot read does not name the allowed methods."""
    hot = ask(person.site, "GET", f"/api/v1/{path}", headers={**signed(person), "Accept": "*/*"})
    ordinary = ask(person.site, "GET", f"/api/v1/{path}", headers={**signed(person), "Accept": UNUSUAL})
    assert (hot[0], ordinary[0]) == (200, 200), (hot, ordinary)
    assert (hot[1]["Allow"], bool(ordinary[1]["Allow"])) == (None, True), path
    return hot, ordinary


def same(person: Person, path: str) -> Any:
    hot, ordinary = read(person, path)
    assert hot[2] == ordinary[2], path
    return hot[2]


def say(person: Person, room: str, content: str, **fields: Any) -> dict[str, Any]:
    made = person.call("POST", f"chat/conversations/{room}/messages/", {"content": content, **fields})
    assert made.status == 201, made.data
    return dict(made.data)


def group(owner: Person, *members: Person, **fields: Any) -> str:
    people = [member.id for member in members]
    made = owner.call(
        "POST", "chat/conversations/", {"kind": "group", "name": "Pits", "participants": people, **fields}
    )
    return str(made.data["id"])


def picture() -> bytes:
    output = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(output, "PNG")
    return output.getvalue()


@pytest.fixture
def room(site: Site) -> tuple[str, Person, Person, Person]:
    """A group with all that a message can carry, and a member who came later."""
    alice, bob, late = site.register("Alice"), site.register("Bob"), site.register("Late")
    assert bob.upload("PUT", "users/avatar/", "me.png", picture()).status == 200
    where = group(alice, bob)
    messages = f"chat/conversations/{where}/messages"
    root = say(alice, where, "Where does the gossan end? „here“ \\ / \u2028 é", client_id="one")
    reply = say(bob, where, "At the creek, @Alice Tester", reply_to=root["id"])
    files = [
        alice.upload("POST", "chat/attachments/", name, data).data["id"]
        for name, data in (("map.png", picture()), ("„notes“.txt", b"gneiss"))
    ]
    say(alice, where, "x" * 300, attachments=files)
    wordless = alice.upload("POST", "chat/attachments/", "core.png", picture()).data["id"]
    say(bob, where, "this one?", reply_to=say(alice, where, "", attachments=[wordless])["id"])
    gone = say(alice, where, "a slip")
    say(bob, where, "what was it?", reply_to=gone["id"])
    assert alice.call("POST", f"chat/conversations/{where}/members/", {"user": late.id}).status == 201
    say(late, where, "Hello", reply_to=None)
    say(bob, where, "more of it", reply_to=root["id"])
    assert alice.call("DELETE", f"{messages}/{gone['id']}/").status == 204
    assert bob.call("PATCH", f"{messages}/{reply['id']}/", {"content": "At the second creek"}).status == 200
    for person, emoji in ((bob, "%F0%9F%91%8D"), (alice, "%F0%9F%91%8D"), (alice, "%E2%9D%A4%EF%B8%8F")):
        assert person.call("PUT", f"{messages}/{root['id']}/reactions/{emoji}/").status == 200
    return where, alice, bob, late


def test_pages_of_messages_are_the_same_for_every_member(room: tuple[str, Person, Person, Person]) -> None:
    where, *people = room
    messages = f"chat/conversations/{where}/messages/"
    queries = ["", "?limit=1", "?limit=3", "?limit=7", "?limit=200", "?before=4", "?before=4&limit=2", "?before=1"]
    queries += [
        "?after=0",
        "?after=2&limit=2",
        "?after=5&limit=2",
        "?after=9",
        "?after=1&before=4",
        "?after=3&before=4",
    ]
    for person in people:
        pages = [same(person, f"{messages}{query}") for query in queries]
        assert any(page["has_more"] for page in pages)
    whole = same(people[0], messages)["results"]
    assert [message["sequence"] for message in whole] == list(range(1, 10))
    assert [r["emoji"] for r in whole[0]["reactions"]] == ["👍", "❤️"]
    hidden = same(people[2], messages)["results"]
    assert [message["sequence"] for message in hidden] == [8, 9]
    assert hidden[1]["reply_to"]["sender"] is None
    assert [file["name"] for file in whole[2]["attachments"]] == ["map.png", "„notes“.txt"]


def test_lists_of_conversations_are_the_same(site: Site, room: tuple[str, Person, Person, Person]) -> None:
    where, alice, bob, late = room
    empty = group(alice, late, history="all")
    made = alice.call("POST", "chat/conversations/", {"kind": "direct", "participants": [bob.id]})
    say(bob, made.data["id"], "Only you see that")
    alice.call("PATCH", f"chat/conversations/{where}/", {"notifications": "none"})
    alice.call("POST", f"chat/conversations/{where}/read/", {"sequence": 2})
    quiet = group(bob)
    say(bob, quiet, "Before you came")
    assert bob.call("POST", f"chat/conversations/{quiet}/members/", {"user": late.id}).status == 201
    for person in (alice, bob, late):
        same(person, "chat/conversations/")
    listed = {row["id"]: row["last_message"] for row in same(late, "chat/conversations/")["results"]}
    assert (listed[quiet], listed[where] is None) == (None, False)
    first = same(alice, "chat/conversations/?limit=1")
    assert [row["id"] for row in first["results"]] == [made.data["id"]]
    second = ask(site, "GET", first["next"], headers=signed(alice))[2]
    assert second["results"][0]["id"] == empty
    assert same(alice, "chat/conversations/?limit=3")["next"] is None
    assert {row["id"]: row["unread_count"] for row in same(alice, "chat/conversations/")["results"]} == {
        made.data["id"]: 1,
        empty: 0,
        where: 3,
    }
    say(alice, group(alice, bob, retention="ephemeral"), "gone tomorrow")
    answer = ask(site, "GET", "/api/v1/chat/conversations/", headers={**signed(alice), "Accept": "*/*"})
    assert (len(answer[2]["results"]), bool(answer[1]["Allow"])) == (4, True)


def test_headers_are_the_same_by_token_and_by_cookie(site: Site, room: tuple[str, Person, Person, Person]) -> None:
    where, alice, *_ = room
    path = f"chat/conversations/{where}/messages/"
    hot, ordinary = read(alice, path)
    ours = {name.lower(): value for name, value in hot[1].items() if name.lower() not in PASSING}
    theirs = {name.lower(): value for name, value in ordinary[1].items() if name.lower() not in PASSING}
    assert ours == {name: value for name, value in theirs.items() if name != "allow"}
    cookie = sign_in(site, alice)
    by_cookie = ask(site, "GET", f"/api/{path}", headers={"Cookie": cookie, "Accept": "*/*"})
    by_door = ask(site, "GET", f"/api/{path}", headers={"Cookie": cookie, "Accept": UNUSUAL})
    assert (by_cookie[1]["Allow"], by_cookie[1]["Vary"], by_door[1]["Vary"]) == (None, "Cookie", "Cookie")
    assert by_cookie[2] == by_door[2] == hot[2]
    lines = [json.loads(line) for line in site.logged(by_cookie[1]["X-Request-ID"], by_door[1]["X-Request-ID"])]
    passing = ("duration_ms", "request_id", "timestamp")
    told = [{name: value for name, value in line.items() if name not in passing} for line in lines]
    assert told[0] == told[1]
    assert told[0]["path"] == "/api/chat/conversations/<uuid:conversation_id>/messages/"


def sign_in(site: Site, person: Person) -> str:
    """Return the Cookie header of a browser that signed in."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request("GET", "/api/v1/users/csrf/")
    answer = connection.getresponse()
    token = json.loads(answer.read())["csrf_token"]
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": cookie, "X-CSRFToken": token, "Content-Type": "application/json"}
    connection.request(
        "POST", "/api/v1/users/login/", json.dumps({"email": person.email, "password": PASSWORD}), headers
    )
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    connection.close()
    return "; ".join(value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie"))


def test_who_may_not_read_gets_the_refusal_of_the_door(site: Site, room: tuple[str, Person, Person, Person]) -> None:
    where, alice, bob, late = room
    stranger = site.register("Charlie")
    path = f"/api/v1/chat/conversations/{where}/messages/"
    assert ask(site, "GET", path, headers=signed(stranger))[0] == 404
    assert ask(site, "GET", path)[0] == 401
    assert ask(site, "GET", path, headers={"Authorization": "Bearer nonsense"})[2]["code"] == "token_invalid"
    assert ask(site, "GET", f"{path}?limit=201", headers=signed(alice))[2]["errors"][0]["code"] == "too_large"
    assert ask(site, "GET", f"{path}?around=2", headers=signed(alice))[0] == 200
    assert ask(site, "GET", path, headers=signed(alice, Host="elsewhere.example"))[0] == 400
    assert alice.call("DELETE", f"chat/conversations/{where}/members/{late.id}/").status == 204
    assert ask(site, "GET", path, headers=signed(late))[0] == 404
    assert (
        bob.call(
            "POST",
            "users/password/",
            {"current_password": PASSWORD, "password": f"{PASSWORD}!x", "password_confirm": f"{PASSWORD}!x"},
        ).status
        == 204
    )
    assert ask(site, "GET", path, headers=signed(bob))[0] == 200


def test_a_sign_in_that_ended_reads_nothing_more(site: Site, room: tuple[str, Person, Person, Person]) -> None:
    where, alice, *_ = room
    path = f"/api/v1/chat/conversations/{where}/messages/"
    cookie = sign_in(site, alice)
    assert ask(site, "GET", path, headers={"Cookie": cookie})[0] == 200
    assert alice.call("DELETE", "users/sessions/?others=true").status == 204
    assert ask(site, "GET", path, headers={"Cookie": cookie})[0] == 401


def test_a_cookie_of_an_older_password_reads_nothing_more(site: Site, room: tuple[str, Person, Person, Person]) -> None:
    where, alice, *_ = room
    path = f"/api/v1/chat/conversations/{where}/messages/"
    cookie = sign_in(site, alice)
    assert ask(site, "GET", path, headers={"Cookie": cookie})[0] == 200
    alice.get_another_password()
    assert ask(site, "GET", path, headers={"Cookie": cookie})[0] == 401


OF_TOKENS = "accounts_token t set {} from accounts_tokenfamily f where f.id = t.family_id and f.user_id"
OVER = {
    "deactivated, by token": ("token", "accounts_user set is_active = false where id"),
    "deactivated, by cookie": ("cookie", "accounts_user set is_active = false where id"),
    "revoked": ("token", "accounts_tokenfamily set revoked_at = now() where user_id"),
    "an old token": ("token", OF_TOKENS.format("expires_at = now() - interval '1 second'")),
    "an old cookie": ("cookie", "accounts_session set expire_date = now() - interval '1 second' where user_id"),
}


@pytest.mark.parametrize("case", OVER)
def test_who_may_come_in_no_more_is_a_stranger_here_too(site: Site, case: str) -> None:
    alice = site.register("Alice")
    path = f"/api/v1/chat/conversations/{group(alice)}/messages/"
    way, what = OVER[case]
    by = {"Cookie": sign_in(site, alice)} if way == "cookie" else signed(alice)
    assert ask(site, "GET", path, headers=by)[1]["Allow"] is None, "not read hot"
    alice.change(what)
    for read_hot in (path, "/api/v1/chat/conversations/"):
        assert ask(site, "GET", read_hot, headers=by)[0] == 401


def test_what_is_bound_to_scopes_is_looked_at_by_the_door(site: Site) -> None:
    alice = site.register("Alice")
    path = f"/api/v1/chat/conversations/{group(alice)}/messages/"
    for scopes, status in (("{}", 403), ("{users:read}", 403), ("{chat:read}", 200)):
        alice.change(f"accounts_tokenfamily set scopes = '{scopes}' where user_id")
        answer = ask(site, "GET", path, headers=signed(alice))
        assert (answer[0], bool(answer[1]["Allow"])) == (status, True)
        assert ask(site, "GET", "/api/v1/chat/conversations/", headers=signed(alice))[0] == status


def test_a_group_that_ended_is_there_for_nobody(site: Site) -> None:
    alice, bob = site.register("Alice"), site.register("Bob")
    where, other = group(alice, bob), group(alice, bob)
    say(alice, where, "the last word")
    assert same(bob, f"chat/conversations/{where}/messages/")["results"]
    assert alice.call("DELETE", f"chat/conversations/{where}/?for=everyone").status == 204
    for person in (alice, bob):
        for accepted in ("*/*", UNUSUAL):
            headers = {**signed(person), "Accept": accepted}
            assert ask(site, "GET", f"/api/v1/chat/conversations/{where}/messages/", headers=headers)[0] == 404
        assert [row["id"] for row in same(person, "chat/conversations/")["results"]] == [other]
