"""The rows of the contract about conversations and messages over HTTP, one by one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lyceum.accounts.models import User
from lyceum.messaging import membership, selectors, services
from lyceum.messaging.emoji import is_one_emoji
from lyceum.messaging.mentions import find_mentions
from lyceum.messaging.models import Conversation, Message, Participant

pytestmark = pytest.mark.django_db
People = tuple[User, User, User]
LIST = "/api/v1/chat/conversations/"


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def url(room: Any, rest: str = "") -> str:
    return f"{LIST}{room}/{rest}"


@pytest.fixture
def group(people: People) -> UUID:
    alice, bob, _ = people
    return services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk


def say(room: UUID, person: User, text: str, **options: Any) -> UUID:
    return services.send_message(room, sender=person.pk, content=text, **options).message_id


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"kind": "group", "participants": []}, [("name", "required")]),
        ({"kind": "group", "participants": [], "name": ""}, [("name", "blank")]),
        ({"kind": "group", "participants": [], "name": "x" * 101}, [("name", "too_long")]),
        ({"kind": "direct", "participants": []}, [("participants", "invalid")]),
        ({"kind": "assistant", "participants": []}, [("kind", "invalid")]),
        ({"participants": []}, [("kind", "required")]),
        ({"kind": "group", "name": "x", "participants": ["no id"]}, [("participants.0", "invalid")]),
        ({"kind": "group", "name": "x", "participants": [str(UUID(int=9))]}, [("participants.0", "not_found")]),
        ({"kind": "group", "name": "x", "participants": [], "colour": "red"}, [("colour", "unknown_field")]),
        ({"kind": "group", "name": 5, "participants": []}, [("name", "invalid_type")]),
    ],
)
def test_a_conversation_that_cannot_be_is_refused_on_its_field(
    people: People, body: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    answer = api_of(people[0]).post(LIST, body)
    assert (answer.status_code, codes(answer)) == (400, problems)


def test_oneself_and_doubles_are_passed_over_and_the_answer_is_a_conversation(people: People) -> None:
    alice, bob, _ = people
    body = {"kind": "group", "name": " Maps ", "participants": [str(bob.pk), str(alice.pk), str(bob.pk)]}
    made = api_of(alice).post(LIST, body)
    assert made.status_code == 201
    found = made.json()
    assert set(found) == {
        *("id", "kind", "name", "retention", "history", "participants", "last_message", "last_sequence"),
        *("unread_count", "muted", "notifications", "created_at", "updated_at", "ended_at"),
    }
    assert (found["name"], found["retention"], found["history"]) == ("Maps", "permanent", "joined")
    assert [(p["name"], p["role"], p["read_sequence"]) for p in found["participants"]] == [
        ("Alice Tester", "owner", 0),
        ("Bob Tester", "member", 0),
    ]
    assert api_of(alice).get(made["Location"]).json() == found


def test_a_pair_is_both_members_without_a_name_and_keeps_its_retention(people: People) -> None:
    alice, bob, _ = people
    body = {"kind": "direct", "participants": [str(bob.pk)]}
    made = api_of(alice).post(LIST, body).json()
    assert (made["name"], {p["role"] for p in made["participants"]}) == (None, {"member"})
    again = api_of(bob).post(LIST, {**body, "participants": [str(alice.pk)], "retention": "ephemeral"})
    assert (again.status_code, again.json()["retention"], again.json()["id"]) == (200, "permanent", made["id"])
    assert api_of(alice).delete(url(made["id"], "?for=everyone")).status_code == 400
    assert api_of(alice).post(url(made["id"], "leave/")).status_code == 400
    assert api_of(alice).patch(url(made["id"]), {"name": "Us"}).status_code == 400


def test_a_direct_conversation_is_hidden_until_its_next_message(people: People) -> None:
    alice, bob, _ = people
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    say(room, bob, "one")
    assert api_of(alice).delete(url(room)).status_code == 204
    assert api_of(alice).get(LIST).json()["results"] == []
    assert len(api_of(bob).get(LIST).json()["results"]) == 1
    say(room, bob, "two")
    assert api_of(alice).get(LIST).json()["results"][0]["unread_count"] == 2
    api_of(alice).delete(url(room))
    asked = api_of(alice).post(LIST, {"kind": "direct", "participants": [str(bob.pk)]})
    assert (asked.status_code, asked.json()["id"]) == (200, str(room))
    assert len(api_of(alice).get(LIST).json()["results"]) == 1


def test_the_list_is_in_order_of_the_last_activity(people: People) -> None:
    alice, bob, _ = people
    rooms = [services.create_group(alice.pk, name=str(n), members=[bob.pk], history="all").pk for n in range(3)]
    say(rooms[0], bob, "the latest")
    names = [c["name"] for c in api_of(alice).get(LIST).json()["results"]]
    assert names == ["0", "2", "1"]


def test_an_ended_group_can_be_restored_for_30_days_and_is_removed_after(people: People, group: UUID) -> None:
    alice = people[0]
    say(group, alice, "soon gone")
    assert api_of(alice).delete(url(group, "?for=nobody")).status_code == 400
    api_of(alice).delete(url(group, "?for=everyone"))
    [ended] = api_of(alice).get(f"{LIST}?ended=true").json()["results"]
    assert ended["ended_at"] is not None
    Conversation.objects.filter(pk=group).update(ended_at=timezone.now() - timedelta(days=29, hours=23))
    assert services.remove_ended() == 0
    assert api_of(alice).post(url(group, "restore/")).status_code == 200
    Conversation.objects.filter(pk=group).update(ended_at=timezone.now() - timedelta(days=30, minutes=1))
    assert api_of(alice).post(url(group, "restore/")).status_code == 404
    assert api_of(alice).get(f"{LIST}?ended=true").json()["results"] == []
    assert services.remove_ended() == 1
    assert not Message.objects.exists()


def test_members_are_added_changed_and_removed_by_owners(people: People, group: UUID) -> None:
    alice, bob, charlie = people
    owner = api_of(alice)
    added = owner.post(url(group, "members/"), {"user": str(charlie.pk), "role": "owner"})
    assert (added.status_code, added.json()["role"], added.json()["name"]) == (201, "owner", "Charlie Tester")
    again = owner.post(url(group, "members/"), {"user": str(charlie.pk)})
    assert (again.status_code, again.json()["role"]) == (200, "owner")
    assert codes(owner.post(url(group, "members/"), {"user": str(UUID(int=3))})) == [("user", "not_found")]
    assert owner.patch(url(group, f"members/{bob.pk}/"), {"role": "king"}).status_code == 400
    assert owner.patch(url(group, f"members/{UUID(int=3)}/"), {"role": "member"}).status_code == 404
    assert api_of(bob).patch(url(group, f"members/{bob.pk}/"), {"role": "owner"}).json()["code"] == "owners_only"
    assert api_of(bob).delete(url(group, f"members/{charlie.pk}/")).json()["code"] == "owners_only"
    assert len(owner.get(url(group, "members/")).json()["results"]) == 3
    assert owner.delete(url(group, f"members/{bob.pk}/")).status_code == 204
    assert api_of(bob).get(url(group)).status_code == 404


def test_a_group_always_has_an_owner(people: People, group: UUID) -> None:
    alice, bob, charlie = people
    membership.add_member(selectors.get_participant_for(alice.pk, group), charlie, role="member")
    given_up = api_of(alice).patch(url(group, f"members/{alice.pk}/"), {"role": "member"})
    assert given_up.json()["role"] == "member"

    def roles() -> dict[str, str]:
        return {p["name"].split()[0]: p["role"] for p in api_of(charlie).get(url(group)).json()["participants"]}

    assert roles() == {"Alice": "member", "Bob": "owner", "Charlie": "member"}
    assert api_of(bob).delete(url(group)).status_code == 204
    assert roles() == {"Alice": "owner", "Charlie": "member"}


def test_personal_and_shared_settings(people: People, group: UUID) -> None:
    alice, bob, _ = people
    mine = api_of(bob).patch(url(group), {"notifications": "none"}).json()
    assert (mine["notifications"], mine["muted"]) == ("none", True)
    assert api_of(alice).get(url(group)).json()["muted"] is False
    mixed = api_of(bob).patch(url(group), {"notifications": "all", "name": "Ours"})
    assert (mixed.status_code, mixed.json()["code"]) == (403, "owners_only")
    assert api_of(bob).get(url(group)).json()["notifications"] == "none"
    assert codes(api_of(bob).patch(url(group), {"muted": True})) == [("muted", "unknown_field")]
    assert codes(api_of(alice).patch(url(group), {"retention": "ephemeral"})) == [("retention", "unknown_field")]
    shared = api_of(alice).patch(url(group), {"name": "Charts", "history": "all"}).json()
    assert (shared["name"], shared["history"]) == ("Charts", "all")


def test_a_change_is_bound_to_the_state_that_it_names(people: People, group: UUID) -> None:
    alice = api_of(people[0])
    before = alice.get(url(group))["ETag"]
    after = alice.patch(url(group), {"name": "One"}, headers={"If-Match": before})
    assert (after.status_code, after["ETag"] != before) == (200, True)
    stale = alice.patch(url(group), {"name": "Two"}, headers={"If-Match": before})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert alice.delete(url(group, "?for=everyone"), headers={"If-Match": before}).status_code == 412
    message = url(group, f"messages/{say(group, people[0], 'hello')}/")
    first = alice.get(message)["ETag"]
    assert alice.patch(message, {"content": "new"}, headers={"If-Match": first}).status_code == 200
    assert alice.patch(message, {"content": "newer"}, headers={"If-Match": first}).status_code == 412
    assert alice.delete(message, headers={"If-Match": first}).status_code == 412
    assert alice.delete(message, headers={"If-Match": "*"}).status_code == 204


def test_creating_posts_take_an_idempotency_key(people: People, group: UUID) -> None:
    alice, _, charlie = people
    body = {"kind": "group", "name": "Twice", "participants": []}
    first, again = (api_of(alice).post(LIST, body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.json()["id"], again["Idempotency-Replayed"]) == (again.json()["id"], "true")
    member = {"user": str(charlie.pk)}
    added = [api_of(alice).post(url(group, "members/"), member, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in added] == [201, 201]


def test_pages_go_both_ways_and_around(people: People, group: UUID) -> None:
    alice, bob, _ = people
    for n in range(1, 61):
        say(group, alice, f"m{n}")

    def page(query: str) -> tuple[list[int], bool]:
        answer = api_of(bob).get(url(group, f"messages/{query}")).json()
        return [m["sequence"] for m in answer["results"]], answer["has_more"]

    assert page("") == (list(range(11, 61)), True)
    assert page("?limit=60") == (list(range(1, 61)), False)
    assert page("?before=11&limit=5") == ([6, 7, 8, 9, 10], True)
    assert page("?before=6&limit=5") == ([1, 2, 3, 4, 5], False)
    assert page("?after=57") == ([58, 59, 60], False)
    assert page("?after=10&limit=3") == ([11, 12, 13], True)
    assert page("?after=10&before=14") == ([11, 12, 13], False)
    assert page("?after=10&before=14&limit=2") == ([11, 12], True)
    assert page("?after=60") == ([], False)
    assert page("?around=30&limit=5") == ([28, 29, 30, 31, 32], True)
    assert page("?around=60&limit=4") == ([58, 59, 60], False)


def test_a_message_has_every_field_of_the_contract(people: People, group: UUID) -> None:
    alice, bob, _ = people
    body = {"content": "  hello @bob\r\nand all  ", "client_id": "c"}
    made = api_of(alice).post(url(group, "messages/"), body)
    assert made.status_code == 201
    message = made.json()
    assert set(message) == {
        *("id", "conversation", "sequence", "client_id", "sender", "message_type", "content", "timestamp"),
        *("reply_to", "thread", "attachments", "reactions", "edited_at", "deleted", "metadata"),
    }
    assert message["content"] == "hello @bob\nand all"
    assert message["metadata"] == {"mentions": [str(bob.pk)]}
    again = api_of(alice).post(url(group, "messages/"), {**body, "content": "hello @bob\nand all"})
    assert (again.status_code, again.json()) == (200, message)
    other = api_of(alice).post(url(group, "messages/"), {**body, "content": "bye"})
    assert (other.status_code, other.json()["code"]) == (409, "client_id_reused")
    assert api_of(bob).post(url(group, "messages/"), body).status_code == 201


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, ("content", "required")),
        ({"content": " \u3000\n"}, ("content", "blank")),
        ({"content": "x" * 8001}, ("content", "too_long")),
        ({"content": "a\x00b"}, ("content", "invalid")),
        ({"content": 5}, ("content", "invalid_type")),
        ({"content": "x", "client_id": ""}, ("client_id", "blank")),
        ({"content": "x", "client_id": "c" * 65}, ("client_id", "too_long")),
        ({"content": "x", "reply_to": str(UUID(int=1))}, ("reply_to", "not_found")),
        ({"content": "x", "sender": "me"}, ("sender", "unknown_field")),
    ],
)
def test_a_message_that_cannot_be_is_refused_on_its_field(
    people: People, group: UUID, body: dict[str, Any], problem: tuple[str, str]
) -> None:
    answer = api_of(people[0]).post(url(group, "messages/"), body)
    assert (answer.status_code, codes(answer)) == (400, [problem])
    assert not Message.objects.exists()


def test_8000_characters_of_any_kind_fit(people: People, group: UUID) -> None:
    text = "👩🏽‍🔬" * 2000
    assert api_of(people[0]).post(url(group, "messages/"), {"content": text}).json()["content"] == text


def test_a_client_id_is_kept_for_seven_days(people: People, group: UUID) -> None:
    alice = people[0]
    first = say(group, alice, "hello", client_id="c")
    Message.objects.filter(pk=first).update(created_at=timezone.now() - timedelta(days=6, hours=23))
    assert say(group, alice, "hello", client_id="c") == first
    Message.objects.filter(pk=first).update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    assert say(group, alice, "another", client_id="c") != first
    shown = api_of(alice).get(url(group, "messages/")).json()["results"]
    assert [m["client_id"] for m in shown] == [None, "c"]


def test_a_deleted_message_keeps_its_place_alone(people: People, group: UUID) -> None:
    alice, bob, _ = people
    root = say(group, alice, "hello @bob")
    say(group, bob, "yes?", reply_to=root)
    services.react(selectors.get_participant_for(bob.pk, group), root, "👍", add=True)
    assert api_of(alice).delete(url(group, f"messages/{root}/")).status_code == 204
    gone, reply = api_of(bob).get(url(group, "messages/")).json()["results"]
    assert (gone["deleted"], gone["content"], gone["reactions"], gone["metadata"], gone["sequence"]) == (
        *(True, "", [], {}, 1),
    )
    assert (reply["reply_to"]["excerpt"], reply["reply_to"]["sender"]["name"]) == ("", "Alice Tester")
    assert api_of(alice).patch(url(group, f"messages/{root}/"), {"content": "back"}).status_code == 404
    assert api_of(bob).put(url(group, f"messages/{root}/reactions/👍/")).status_code == 404


def test_an_owner_deletes_what_others_wrote_but_edits_nothing(people: People, group: UUID) -> None:
    alice, bob, _ = people
    theirs = say(group, bob, "mine")
    edited = api_of(alice).patch(url(group, f"messages/{theirs}/"), {"content": "yours"})
    assert (edited.status_code, edited.json()["code"]) == (403, "forbidden")
    assert api_of(alice).delete(url(group, f"messages/{theirs}/")).status_code == 204
    room = services.create_direct(alice.pk, bob.pk)[0].pk
    direct = say(room, bob, "mine")
    assert api_of(alice).delete(url(room, f"messages/{direct}/")).json()["code"] == "forbidden"


def test_replies_to_replies_join_the_root(people: People, group: UUID) -> None:
    alice, bob, _ = people
    root = say(group, alice, "root " + "x" * 200)
    first = say(group, bob, "first", reply_to=root)
    say(group, alice, "second", reply_to=first)
    shown = api_of(bob).get(url(group, "messages/")).json()["results"]
    assert [m["thread"] for m in shown] == [{"root": str(root), "count": 2}] * 3
    assert (shown[2]["reply_to"]["id"], len(shown[1]["reply_to"]["excerpt"])) == (str(first), 140)
    thread = api_of(bob).get(url(group, f"messages/{root}/thread/?limit=1")).json()
    assert ([m["sequence"] for m in thread["results"]], thread["has_more"]) == ([1, 2], True)


def test_twenty_different_reactions_and_no_more(people: People, group: UUID) -> None:
    alice, bob, _ = people
    message = say(group, alice, "react!")
    at = url(group, f"messages/{message}/reactions/")
    for sign in (chr(0x1F600 + n) for n in range(20)):
        assert api_of(alice).put(f"{at}{sign}/").status_code == 200
    full = api_of(bob).put(f"{at}🎉/")
    assert (full.status_code, full.json()["code"]) == (409, "conflict")
    joined = api_of(bob).put(f"{at}\U0001f600/").json()["reactions"]
    assert joined[0] == {"emoji": "\U0001f600", "count": 2, "mine": True}
    assert joined[1]["mine"] is False
    assert api_of(bob).delete(f"{at}\U0001f600/").status_code == 204
    assert api_of(bob).delete(f"{at}\U0001f600/").status_code == 204
    assert api_of(bob).put(f"{at}nice/").status_code == 400


@pytest.mark.parametrize("text", ["👍", "👍🏽", "❤️", "👩🏽‍🔬", "🇫🇷", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👨‍👩‍👧‍👦"])
def test_an_emoji_is_one_sequence_that_unicode_recommends(text: str) -> None:
    assert is_one_emoji(text)


@pytest.mark.parametrize("text", ["", "x", "1", "👍👍", "🇽🇽", "👍 ", "😀‍😀", "©", "🏽‍🏽", "<b>", "👍\u200d"])
def test_anything_else_is_no_emoji(text: str) -> None:
    assert not is_one_emoji(text)


def test_what_was_before_a_member_joined_is_hidden_everywhere(people: People, group: UUID) -> None:
    alice, bob, charlie = people
    root = say(group, alice, "a secret")
    say(group, bob, "another secret", reply_to=root)
    membership.add_member(selectors.get_participant_for(alice.pk, group), charlie, role="member")
    late = api_of(charlie)
    assert late.get(url(group)).json()["last_message"] is None
    assert late.get(url(group, "messages/")).json() == {"results": [], "has_more": False}
    reply = say(group, bob, "as said", reply_to=root)
    for answer in (late.get(url(group)), late.get(LIST), late.get(url(group, "messages/?after=0&limit=200"))):
        assert "secret" not in answer.content.decode()
    last = late.get(url(group)).json()["last_message"]
    assert last["reply_to"] == {"id": str(root), "sequence": 1, "sender": None, "excerpt": None}
    assert last["thread"]["count"] == 1
    assert late.get(url(group, f"messages/{root}/thread/")).status_code == 404
    assert late.get(url(group, f"messages/{reply}/thread/")).status_code == 404
    assert late.put(url(group, f"messages/{root}/reactions/👍/")).status_code == 404
    refused = late.post(url(group, "messages/"), {"content": "to what?", "reply_to": str(root)})
    assert codes(refused) == [("reply_to", "not_found")]
    assert late.get(url(group)).json()["unread_count"] == 1


def test_a_group_may_show_all_its_history(people: People) -> None:
    alice, bob, charlie = people
    room = services.create_group(alice.pk, name="Open", members=[bob.pk], history="all").pk
    say(room, alice, "from the start")
    membership.add_member(selectors.get_participant_for(alice.pk, room), charlie, role="member")
    found = api_of(charlie).get(url(room)).json()
    assert (found["last_message"]["content"], found["unread_count"]) == ("from the start", 0)


@pytest.mark.parametrize(("history", "read_to"), [("joined", 0), ("all", 1)])
def test_who_joins_has_read_nothing_and_never_what_is_hidden(people: People, history: str, read_to: int) -> None:
    alice, bob, charlie = people
    room = services.create_group(alice.pk, name="Open", members=[bob.pk], history=history).pk
    say(room, alice, "from the start")
    membership.add_member(selectors.get_participant_for(alice.pk, room), charlie, role="member")
    found = api_of(alice).get(url(room)).json()["participants"]
    assert [p["read_sequence"] for p in found if p["id"] == str(charlie.pk)] == [0]
    mark = {"read_sequence": read_to, "unread_count": 0}
    assert services.mark_read(room, reader=charlie.pk, sequence=1) == mark
    say(room, bob, "and on")
    assert api_of(charlie).get(url(room)).json()["unread_count"] == 1
    assert services.mark_read(room, reader=charlie.pk, sequence=2) == {"read_sequence": 2, "unread_count": 0}


def test_unread_counts_are_right_after_any_mixture(people: People, group: UUID) -> None:
    alice, _, charlie = people
    membership.add_member(selectors.get_participant_for(alice.pk, group), charlie, role="member")

    def counted(person: User) -> int:
        mine = Participant.objects.get(conversation=group, user=person)
        rows = Message.objects.filter(conversation=group, sequence__gt=max(mine.read_sequence, mine.joined_after))
        return rows.filter(deleted_at=None).exclude(sender=person).count()

    sent = []
    for n in range(12):
        person = people[n % 3]
        sent.append((person, say(group, person, f"m{n}")))
        if n % 4 == 1:
            services.mark_read(group, reader=charlie.pk, sequence=n - 1)
        if n % 5 == 3:
            writer, message = sent[n - 1]
            services.delete_message(selectors.get_participant_for(writer.pk, group), message)
        for reader in people:
            assert selectors.unread_counts(reader.pk, [group])[group] == counted(reader)
    assert [selectors.unread_counts(p.pk, [group])[group] for p in people] == [2, 1, 0]


def test_a_mention_is_a_name_of_a_member_after_an_at() -> None:
    ann, bob, bob2 = (UUID(int=n) for n in (1, 2, 3))
    members = [(ann, "Ann", "Lee"), (bob, "Bob", "Ray"), (bob2, "Bob", "Élan")]
    cases = {
        "hello @ann": [ann],
        "hello @ANN LEE, look": [ann],
        "@bob": [],
        "@bob ray and @Bob élan": [bob, bob2],
        "mail me at x@ann": [],
        "@annabel": [],
        "(@Ann)": [ann],
        "nobody": [],
    }
    assert {text: find_mentions(text, members) for text in cases} == cases


def test_an_edit_mentions_anew(people: People, group: UUID) -> None:
    alice, bob, _ = people
    message = url(group, f"messages/{say(group, alice, 'hello @bob')}/")
    assert api_of(alice).patch(message, {"content": "hello you"}).json()["metadata"] == {}
    edited = api_of(alice).patch(message, {"content": "hello @Bob Tester"}).json()
    assert edited["metadata"] == {"mentions": [str(bob.pk)]}
    assert api_of(bob).get(message).json() == edited


def test_pages_and_lists_cost_a_fixed_number_of_queries(
    people: People, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, charlie = people
    rooms = [
        services.create_group(alice.pk, name=str(n), members=[bob.pk, charlie.pk], history="all").pk for n in range(20)
    ]
    for room in rooms:
        root = say(room, bob, "root")
        say(room, charlie, "reply", reply_to=root)
    for limit in (1, 20):
        with django_assert_num_queries(8):
            assert len(api_of(alice).get(f"{LIST}?limit={limit}").json()["results"]) == limit
    for _ in range(30):
        say(rooms[0], bob, "more")
    with django_assert_num_queries(5):
        api_of(alice).get(url(rooms[0], "messages/"))
    # The second time the newest page comes from the hot tail: the place of the reader, and the people.
    with django_assert_num_queries(2):
        assert len(api_of(alice).get(url(rooms[0], "messages/")).json()["results"]) == 32
