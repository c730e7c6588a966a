from typing import Any

import pytest
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.messaging import services

pytestmark = pytest.mark.django_db


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def url(room: Any, rest: str = "") -> str:
    return f"/api/v1/chat/conversations/{room}/{rest}"


def test_a_pair_has_one_conversation(people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    body = {"kind": "direct", "participants": [str(bob.pk)]}
    first = api_of(alice).post("/api/v1/chat/conversations/", body)
    again = api_of(bob).post("/api/v1/chat/conversations/", {**body, "participants": [str(alice.pk)]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


def test_strangers_do_not_know_of_a_conversation(people: tuple[User, User, User]) -> None:
    alice, bob, charlie = people
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk
    message = services.send_message(room, sender=alice.pk, content="hello")
    stranger = api_of(charlie)
    tries = [
        stranger.get(url(room)),
        stranger.patch(url(room), {"name": "Mine"}),
        stranger.delete(url(room)),
        stranger.get(url(room, "messages/")),
        stranger.post(url(room, "messages/"), {"content": "x"}),
        stranger.get(url(room, f"messages/{message.message_id}/")),
        stranger.patch(url(room, f"messages/{message.message_id}/"), {"content": "x"}),
        stranger.delete(url(room, f"messages/{message.message_id}/")),
        stranger.put(url(room, f"messages/{message.message_id}/reactions/👍/")),
        stranger.get(url(room, "members/")),
        stranger.post(url(room, "members/"), {"user": str(charlie.pk)}),
        stranger.post(url(room, "read/"), {"sequence": 1}),
        stranger.post(url(room, "leave/")),
        stranger.post(url(room, "restore/")),
    ]
    assert {answer.status_code for answer in tries} == {404}
    assert api_of(bob).get(url(room)).json()["last_message"]["content"] == "hello"


def test_rights_in_a_group(people: tuple[User, User, User]) -> None:
    alice, bob, charlie = people
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk
    refused = api_of(bob).post(url(room, "members/"), {"user": str(charlie.pk)})
    assert (refused.status_code, refused.json()["code"]) == (403, "owners_only")
    assert api_of(bob).patch(url(room), {"name": "Ours", "notifications": "none"}).status_code == 403
    assert api_of(bob).get(url(room)).json()["muted"] is False
    theirs = services.send_message(room, sender=alice.pk, content="mine")
    assert (
        api_of(bob).patch(url(room, f"messages/{theirs.message_id}/"), {"content": "x"}).json()["code"] == "forbidden"
    )
    assert api_of(bob).delete(url(room, f"messages/{theirs.message_id}/")).json()["code"] == "owners_only"
    assert api_of(alice).post(url(room, "leave/")).status_code == 204
    assert api_of(bob).get(url(room)).json()["participants"][0]["role"] == "owner"


def test_who_joins_sees_the_history_from_then_on(people: tuple[User, User, User]) -> None:
    alice, _, charlie = people
    room = services.create_group(alice.pk, name="Maps", members=[], history="joined").pk
    before = services.send_message(room, sender=alice.pk, content="before")
    api_of(alice).post(url(room, "members/"), {"user": str(charlie.pk)})
    services.send_message(room, sender=alice.pk, content="after", reply_to=before.message_id)
    page = api_of(charlie).get(url(room, "messages/")).json()["results"]
    assert [message["sequence"] for message in page] == [2]
    reply = {"id": str(before.message_id), "sequence": 1, "sender": None, "excerpt": None}
    assert page[0]["reply_to"] == reply
    assert api_of(charlie).get(url(room, f"messages/{before.message_id}/")).status_code == 404
    assert api_of(charlie).get(url(room)).json()["unread_count"] == 1


def test_reads_move_forward_only(people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    room, _ = services.create_direct(alice.pk, bob.pk)
    for number in range(4):
        services.send_message(room.pk, sender=alice.pk, content=str(number))
    reader = api_of(bob)
    assert reader.post(url(room.pk, "read/"), {"sequence": 3}).json() == {"read_sequence": 3, "unread_count": 1}
    assert reader.post(url(room.pk, "read/"), {"sequence": 1}).json() == {"read_sequence": 3, "unread_count": 1}
    assert reader.post(url(room.pk, "read/"), {"sequence": 99}).json() == {"read_sequence": 4, "unread_count": 0}
    assert reader.post(url(room.pk, "read/"), {"sequence": -1}).status_code == 400
    assert api_of(alice).get(url(room.pk)).json()["unread_count"] == 0


def test_edit_delete_reply_thread_and_react(people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    root = services.send_message(room, sender=alice.pk, content="root")
    reply = services.send_message(room, sender=bob.pk, content="reply", reply_to=root.message_id)
    services.send_message(room, sender=alice.pk, content="again", reply_to=reply.message_id)
    thread = api_of(bob).get(url(room, f"messages/{reply.message_id}/thread/")).json()
    assert [message["content"] for message in thread["results"]] == ["root", "reply", "again"]
    assert thread["results"][0]["thread"] == {"root": str(root.message_id), "count": 2}
    edited = api_of(alice).patch(url(room, f"messages/{root.message_id}/"), {"content": "new root"}).json()
    assert edited["content"] == "new root"
    assert edited["edited_at"]
    put = api_of(bob).put(url(room, f"messages/{root.message_id}/reactions/👩🏽‍🔬/"))
    assert put.json() == {"reactions": [{"emoji": "👩🏽‍🔬", "count": 1, "mine": True}]}
    assert api_of(bob).put(url(room, f"messages/{root.message_id}/reactions/no/")).status_code == 400
    assert api_of(alice).delete(url(room, f"messages/{root.message_id}/")).status_code == 204
    gone = api_of(bob).get(url(room, f"messages/{root.message_id}/")).json()
    assert (gone["deleted"], gone["content"], gone["sequence"]) == (True, "", 1)


def test_an_ended_group_can_be_restored_by_its_owner(people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all").pk
    assert api_of(bob).delete(url(room, "?for=everyone")).status_code == 403
    assert api_of(alice).delete(url(room, "?for=everyone")).status_code == 204
    assert api_of(bob).get(url(room)).status_code == 404
    ended = api_of(alice).get("/api/v1/chat/conversations/?ended=true").json()["results"]
    assert [c["id"] for c in ended] == [str(room)]
    assert api_of(bob).post(url(room, "restore/")).status_code == 404
    assert api_of(alice).post(url(room, "restore/")).status_code == 200
    assert api_of(bob).get(url(room)).status_code == 200


def test_an_idempotency_key_gives_the_first_answer_again(people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    headers = {"Idempotency-Key": "one"}
    first = api_of(alice).post(url(room, "messages/"), {"content": "hello"}, headers=headers)
    again = api_of(alice).post(url(room, "messages/"), {"content": "hello"}, headers=headers)
    other = api_of(alice).post(url(room, "messages/"), {"content": "bye"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "before=x", "before=-1", f"after={2**63}"])
def test_a_bad_page_is_refused(people: tuple[User, User, User], query: str) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    assert api_of(alice).get(url(room, f"messages/?{query}")).status_code == 400


def test_the_list_costs_the_same_for_few_and_many(
    people: tuple[User, User, User], django_assert_max_num_queries: Any
) -> None:
    alice, bob, charlie = people
    for number in range(30):
        room = services.create_group(alice.pk, name=f"Room {number}", members=[bob.pk, charlie.pk], history="all")
        services.send_message(room.pk, sender=bob.pk, content="hello")
    client = api_of(alice)
    for limit in (2, 30):
        with django_assert_max_num_queries(8):
            found = client.get(f"/api/v1/chat/conversations/?limit={limit}").json()
        assert [c["unread_count"] for c in found["results"]] == [1] * limit
    following = client.get(client.get("/api/v1/chat/conversations/?limit=20").json()["next"]).json()
    assert len(following["results"]) == 10
    assert following["next"] is None
