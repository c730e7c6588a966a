"""The doors of conversations, by the cases of the kit."""

from typing import Any

import pytest

from lyceum.core.testing.api_cases import BodyCases, DoorCases, KeysetPageCases
from lyceum.messaging import services


@pytest.fixture
def room(alice: Any, bob: Any) -> str:
    return str(services.create_group(alice.pk, name="Maps", members=[bob.pk], history="all").pk)


@pytest.fixture
def message(room: str, alice: Any) -> str:
    return str(services.send_message(room, sender=alice.pk, content="rock").message_id)  # type: ignore[arg-type]


class InRoom:
    """A door under a conversation; `under` is its path there."""

    under = ""

    @pytest.fixture
    def path(self, room: str) -> str:
        return f"/api/v1/chat/conversations/{room}/{self.under}"


class TestConversations(BodyCases, KeysetPageCases):
    url, methods = "/api/v1/chat/conversations/", ("GET", "POST")
    body = {"kind": "group", "name": "Maps", "participants": []}
    required = ("kind", "participants")
    types = {"kind": 1, "name": [], "participants": "bob", "retention": False, "history": 0}


class TestConversation(InRoom, BodyCases):
    methods, method = ("GET", "PATCH", "DELETE"), "PATCH"
    body = {"name": "Rocks"}
    types = {"name": 5, "history": [], "notifications": True}


class TestMembers(InRoom, BodyCases):
    under, methods = "members/", ("GET", "POST")
    body = {"user": "01890000-0000-7000-8000-000000000000"}
    required, types = ("user",), {"user": 5, "role": []}


class TestMessages(InRoom, BodyCases):
    under, methods = "messages/", ("GET", "POST")
    body = {"content": "rock"}
    required, types = ("content",), {"content": 5, "client_id": 7, "reply_to": [], "attachments": "x"}


class TestMessage(InRoom, BodyCases):
    methods, method = ("GET", "PATCH", "DELETE"), "PATCH"
    body = {"content": "gem"}
    required, types = ("content",), {"content": ["x"]}

    @pytest.fixture
    def path(self, room: str, message: str) -> str:
        return f"/api/v1/chat/conversations/{room}/messages/{message}/"


class TestRead(InRoom, BodyCases):
    under, methods = "read/", ("POST",)
    body = {"sequence": 0}
    required, types = ("sequence",), {"sequence": "1"}


class TestLeave(InRoom, DoorCases):
    under, methods = "leave/", ("POST",)


class TestRestore(InRoom, DoorCases):
    under, methods = "restore/", ("POST",)


class TestHealth(DoorCases):
    url, is_open = "/api/v1/chat/health/", True
