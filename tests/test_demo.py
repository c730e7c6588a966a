"""The demo content: what a newcomer finds, and that nothing of it stays when it goes."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone

from lyceum.accounts.models import User
from lyceum.config import demo
from lyceum.config.demo.scripts import scripts
from lyceum.core import valkey
from lyceum.core.errors import NotAllowed
from lyceum.messaging import membership, selectors, services
from lyceum.messaging.models import Conversation, Message, Participant, Reaction

pytestmark = pytest.mark.django_db


def named(first_name: str) -> User:
    return User.objects.get(first_name=first_name, is_demo=True)


def group(name: str) -> Conversation:
    return Conversation.objects.get(name=name)


def alice() -> User:
    return User.objects.create_user("alice@example.org", "x", first_name="Alice", last_name="Tester")


def test_it_loads_in_bulk_and_only_once(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(250):
        demo.load()
    before = Message.objects.count()
    demo.load()
    assert User.objects.filter(is_demo=True).count() == User.objects.count() == 16
    assert Message.objects.count() == before > 150


def test_four_people_can_sign_in_and_each_finds_something_unread() -> None:
    demo.load()
    assert [sign_in.role for sign_in in demo.sign_ins()] == ["coordinator", "teacher", "learner", "librarian"]
    for sign_in in demo.sign_ins():
        user = authenticate(email=sign_in.email, password=sign_in.password)
        assert isinstance(user, User)
        listed = selectors.describe(user.pk, list(selectors.visible_conversations(user.pk)))
        assert sum(row["unread_count"] for row in listed) >= 3
        assert any(row["unread_count"] == 0 for row in listed)
    assert not named("Tom").has_usable_password()


def test_the_mapping_week_is_whole() -> None:
    demo.load()
    week = group("Kambalda mapping week")
    rows = list(week.messages.order_by("sequence"))
    assert [row.sequence for row in rows] == list(range(1, week.last_sequence + 1))
    assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)
    assert rows[-1].created_at < timezone.now() < rows[-1].created_at + timedelta(hours=1)
    assert rows[0].message_type == "system" and rows[0].content.startswith("Demo content")
    assert any(row.edited_at for row in rows)
    assert [row.content for row in rows if row.deleted_at] == [""]
    threads = [row.thread_root_id for row in rows if row.thread_root_id]
    assert max(threads.count(root) for root in set(threads)) >= 30
    assert Reaction.objects.filter(message__conversation=week).count() > 50
    mentioned = [row for row in rows if row.metadata.get("mentions") == [str(named("Aisha").pk)]]
    assert [row.content.count("@Aisha Rahman") for row in mentioned] == [1]
    marks = week.participants.values_list("read_sequence", flat=True)
    assert len(set(marks)) >= 5


def test_what_people_mention_are_people() -> None:
    names = {f"@{user.name}" for user in demo_people()}
    now = timezone.now()
    for line in (line for script in scripts() for line in script.lines(now)):
        if "@" in line.text:
            assert any(name in line.text for name in names), line.text


def demo_people() -> list[User]:
    demo.load()
    return list(User.objects.filter(is_demo=True))


def test_the_ephemeral_conversation_is_readable_now() -> None:
    demo.load()
    mei = named("Mei")
    lake = group("Lake tonight?")
    log = selectors.log_of(selectors.get_participant_for(mei.pk, lake.pk))
    rows = log.run(limit=50)
    assert [row.sequence for row in rows] == list(range(1, lake.last_sequence + 1))
    assert rows[-1].metadata == {"mentions": [mei.pk]}
    sent = services.send_message(lake.pk, sender=mei.pk, content="On my way.")
    assert sent.sequence == lake.last_sequence + 1


def test_removing_leaves_nothing(django_capture_on_commit_callbacks: Any) -> None:
    demo.load()
    mei = named("Mei")
    for row in selectors.visible_conversations(mei.pk):
        log = selectors.log_of(selectors.get_participant_for(mei.pk, row.pk))
        assert selectors.shaped(log, log.run(limit=50, newest=True), mei.pk)
    for store in ("ephemeral", "hot"):
        assert list(valkey.connection().scan_iter(valkey.key(store, "*")))
    with django_capture_on_commit_callbacks(execute=True):
        demo.remove()
    for model in (User, Conversation, Participant, Message, Reaction):
        assert not model._default_manager.exists()
    for store in ("ephemeral", "hot"):
        assert not list(valkey.connection().scan_iter(valkey.key(store, "*")))
    assert demo.sign_ins() == []


def test_what_your_own_people_wrote_stays_and_what_they_only_read_goes() -> None:
    demo.load()
    me, mei, ruth = alice(), named("Mei"), named("Ruth")
    desk, week = group("Library desk"), group("Kambalda mapping week")
    for conversation, owner in ((desk, "Jodie"), (week, "Ruth")):
        place = selectors.get_participant_for(named(owner).pk, conversation.pk)
        membership.add_member(place, me, role="member")
    services.send_message(desk.pk, sender=me.pk, content="Is the atlas in?")
    pair, _ = services.create_direct(me.pk, mei.pk)
    services.send_message(pair.pk, sender=me.pk, content="Hello Mei")
    services.send_message(pair.pk, sender=mei.pk, content="Hello Alice")
    own = services.create_group(me.pk, name="Mine", members=[ruth.pk], history="all")
    fleeting = services.create_group(mei.pk, name="F", members=[me.pk], history="all", retention="ephemeral")
    services.send_message(fleeting.pk, sender=me.pk, content="still here")

    demo.remove()

    kept = set(Conversation.objects.values_list("pk", flat=True))
    assert kept == {desk.pk, pair.pk, own.pk, fleeting.pk}
    assert list(User.objects.all()) == [me]
    listed = {row["id"]: row for row in selectors.describe(me.pk, list(Conversation.objects.all()))}
    assert [person["name"] for person in listed[desk.pk]["participants"]] == ["Alice Tester"]
    assert listed[desk.pk]["participants"][0]["role"] == "owner"
    answer = listed[pair.pk]["last_message"]
    assert (answer["sender"]["name"], answer["content"]) == ("Deleted person", "Hello Alice")
    services.send_message(desk.pk, sender=me.pk, content="Anybody?")


def test_production_refuses_demo_content(settings: Any) -> None:
    settings.PRODUCTION = True
    demo.offer()
    with pytest.raises(NotAllowed, match="everybody knows"):
        demo.load()
    assert not User.objects.exists()


def test_a_fresh_workspace_is_offered_it_once() -> None:
    demo.offer()
    assert demo.sign_ins()
    demo.remove()
    demo.offer()
    assert not demo.sign_ins()
    demo.load()
    assert demo.sign_ins()


def test_a_workspace_with_people_is_not_offered_it() -> None:
    alice()
    demo.offer()
    assert not demo.sign_ins()
