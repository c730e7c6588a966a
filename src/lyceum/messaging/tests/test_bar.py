"""What the bar and the dock of every page say of Talk."""

from typing import Any

import pytest
from django.test import Client

from lyceum.accounts.models import User
from lyceum.core import shell
from lyceum.core.errors import Unavailable
from lyceum.messaging import services
from lyceum.messaging.models import Participant

People = tuple[User, User, User]


def words(client: Client, path: str = "/people/") -> list[str]:
    """Return what the links to Talk say on a page: in the bar, then in the dock."""
    html = client.get(path, headers={"Accept": "text/html"}).content.decode()
    return [
        part.split("</span></span>")[0] for part in html.split('<span class="count"><span class="sr">, </span>')[1:]
    ]


@pytest.fixture
def at_alice(client: Client, people: People) -> Client:
    client.force_login(people[0])
    return client


def test_every_page_says_how_much_is_unread(at_alice: Client, people: People) -> None:
    alice, bob, charlie = people
    assert words(at_alice) == []
    room, _is_new = services.create_direct(alice.pk, bob.pk)
    fleeting = services.create_group(alice.pk, name="Brief", members=[bob.pk], history="all", retention="ephemeral")
    quiet = services.create_group(alice.pk, name="Quiet", members=[charlie.pk], history="all")
    Participant.objects.filter(user=alice, conversation=quiet).update(notifications="none")
    for where, who in ((room, bob), (room, bob), (fleeting, bob), (quiet, charlie)):
        services.send_message(where.pk, sender=who.pk, content="hello")

    for path in ("/people/", "/profile/", "/nothing/"):
        assert words(at_alice, path) == ['3<span class="sr"> unread'] * 2
    assert at_alice.get("/api/v1/chat/unread/").json() == {"unread_count": 3}
    services.mark_read(room.pk, reader=alice.pk, sequence=2)
    assert words(at_alice) == ['1<span class="sr"> unread'] * 2


def test_a_page_is_whole_while_the_counts_cannot_be_had(at_alice: Client, monkeypatch: Any) -> None:
    def fail(_user_id: Any) -> int:
        raise Unavailable

    monkeypatch.setitem(shell._counters, "/talk/", fail)
    assert at_alice.get("/profile/", headers={"Accept": "text/html"}).status_code == 200
    assert words(at_alice) == []
