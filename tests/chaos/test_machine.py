"""A state machine over real sockets in two processes: whatever people do in whatever order, a model foretells it."""

import contextlib
import json
from collections import deque
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.conftest import Person, Site

HEAR_SECONDS = 10.0
MAX_LINES = 4
CLIENT_IDS, TEXTS = st.sampled_from(["a", "b", "c"]), st.sampled_from(["gossan", "laterite"])


class Line:
    """A socket, and the sequences that it is due to hear; a message that is not the next of them is a fault."""

    def __init__(self, person: Person, site: Site, room: str, *, is_single: bool) -> None:
        self.person, self.is_single, self.room = person, is_single, room
        self.due: deque[int] = deque()
        offered: Any = ["lyceum.v1", f"ticket.{person.call('POST', 'auth/ws-ticket/').data['ticket']}"]
        path = f"/ws/chat/{room}/" if is_single else "/ws/"
        self._protocol = site.protocol
        url = f"ws://127.0.0.1:{site.port}{path}"
        opening = connect(url, subprotocols=offered, proxy=None, compression=None, ping_interval=None)
        self._exits = contextlib.ExitStack()
        self._socket = self._exits.enter_context(opening)

    def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self._socket.recv(HEAR_SECONDS))
        self._protocol.check(frame)
        return frame

    def hear(self, *kinds: str) -> dict[str, Any]:
        """Return the next frame of these kinds; messages before it must be due."""
        while True:
            frame = self.next()
            if frame["type"] in kinds:
                return frame
            if frame["type"] == "message":
                assert self.due, f"unexpected: {frame}"
                assert frame["message"]["sequence"] == self.due.popleft()

    def send(self, **frame: Any) -> None:
        self._socket.send(json.dumps({"conversation": self.room, **frame}))

    def ping(self) -> None:
        """Pass over all that was told by now."""
        self.send(type="ping")
        self.hear("pong")

    def catch_up(self) -> None:
        while self.due:
            frame = self.next()
            if frame["type"] == "message":
                assert frame["message"]["sequence"] == self.due.popleft()

    def code(self) -> int | None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.hear("nothing")
        self.close()
        return self._socket.close_code

    def close(self) -> None:
        self._exits.close()


class Talk(RuleBasedStateMachine):
    """Alice owns a group, Bob comes and goes; the model is the list of what was said and what each may see of it."""

    def __init__(self, people: tuple[Person, Person], sites: tuple[Site, Site]) -> None:
        super().__init__()
        self.alice, self.bob = people
        self.sites = sites
        body = {"kind": "group", "name": "Field trip", "participants": [self.bob.id]}
        self.room = self.alice.call("POST", "chat/conversations/", body).data["id"]
        self.path = f"chat/conversations/{self.room}/"
        self.said: list[tuple[str, str | None, str]] = []
        self.floor = {self.alice.id: 0, self.bob.id: 0}
        self.mark = {self.alice.id: 0, self.bob.id: 0}
        self.lines: list[Line] = []
        self.opened: list[Line] = []

    def is_in(self, person: Person) -> bool:
        return person.id in self.floor

    def seen_by(self, person: Person, above: int) -> list[int]:
        return list(range(max(above, self.floor[person.id]) + 1, len(self.said) + 1))

    def pick(self, number: int) -> Line:
        return self.lines[number % len(self.lines)]

    def known(self, sender: str, client_id: str | None) -> int | None:
        """Return the sequence under which a `client_id` was used before."""
        keys = [(who, key) for who, key, _ in self.said]
        return keys.index((sender, client_id)) + 1 if client_id and (sender, client_id) in keys else None

    def note(self, sender: Person, client_id: str | None, text: str, but: Line | None) -> int:
        """Let a new message be due everywhere."""
        self.said.append((sender.id, client_id, text))
        self.mark[sender.id] = len(self.said)
        for line in self.lines:
            if line is not but and self.is_in(line.person):
                line.due.append(len(self.said))
        return len(self.said)

    @precondition(lambda self: len(self.lines) < MAX_LINES)
    @rule(is_bob=st.booleans(), place=st.integers(0, 1), is_single=st.booleans())
    def open(self, is_bob: bool, place: int, is_single: bool) -> None:
        person = self.bob if is_bob else self.alice
        line = Line(person, self.sites[place], self.room, is_single=is_single)
        self.opened.append(line)
        if is_single and not self.is_in(person):
            assert line.code() == 4403
            return
        told = line.hear("connection_established")
        if is_single:
            assert told["sequence"] == len(self.said)
        else:
            here = [found["sequence"] for found in told["conversations"] if found["id"] == self.room]
            assert here == ([len(self.said)] if self.is_in(person) else [])
        line.ping()
        self.lines.append(line)

    @precondition(lambda self: self.lines)
    @rule(number=st.integers(0), client_id=st.none() | CLIENT_IDS, text=TEXTS)
    def say(self, number: int, client_id: str | None, text: str) -> None:
        line = self.pick(number)
        line.send(type="user_message", message=text, **({"client_id": client_id} if client_id else {}))
        told = line.hear("user_message_received", "error")
        before = self.known(line.person.id, client_id)
        if not self.is_in(line.person):
            assert told.get("code") == "not_found"
        elif before is not None and self.said[before - 1][2] != text:
            assert told.get("code") == "client_id_reused"
        elif before is not None:
            assert (told["sequence"], told["content"]) == (before, text)
        else:
            assert told["sequence"] == self.note(line.person, client_id, text, line)

    @rule(is_bob=st.booleans(), place=st.integers(0, 1), client_id=st.none() | CLIENT_IDS, text=TEXTS)
    def say_over_http(self, is_bob: bool, place: int, client_id: str | None, text: str) -> None:
        person = self.bob if is_bob else self.alice
        body = {"content": text, **({"client_id": client_id} if client_id else {})}
        headers = {"Authorization": f"Bearer {person.token}"}
        answer = self.sites[place].call("POST", f"{self.path}messages/", body, **headers)
        before = self.known(person.id, client_id)
        if not self.is_in(person):
            assert answer.status == 404
        elif before is not None:
            is_same = self.said[before - 1][2] == text
            assert answer.status == (200 if is_same else 409)
            assert not is_same or answer.data["sequence"] == before
        else:
            assert (answer.status, answer.data["sequence"]) == (201, self.note(person, client_id, text, None))

    @precondition(lambda self: self.lines)
    @rule(number=st.integers(0), cursor=st.integers(-1, 12))
    def resume(self, number: int, cursor: int) -> None:
        line = self.pick(number)
        line.catch_up()
        line.send(type="resume", sequence=cursor)
        if cursor < 0:
            assert line.hear("error")["code"] == "invalid"
        elif not self.is_in(line.person):
            assert line.hear("error")["code"] == "not_found"
        elif cursor > len(self.said):
            assert line.hear("reload")["count"] == len(self.seen_by(line.person, 0))
        else:
            brought = self.seen_by(line.person, cursor)
            line.due.extend(brought)
            told = line.hear("resumed")
            assert not line.due
            assert (told["from"], told["count"]) == (cursor, len(brought))
            assert told["to"] == (brought[-1] if brought else cursor)

    @precondition(lambda self: self.lines)
    @rule(number=st.integers(0), sequence=st.integers(0, 12))
    def read(self, number: int, sequence: int) -> None:
        line = self.pick(number)
        line.send(type="read_receipt", sequence=sequence)
        line.ping()
        if self.is_in(line.person):
            who, target = line.person.id, min(sequence, len(self.said))
            if target > self.floor[who]:
                self.mark[who] = max(self.mark[who], target)

    @precondition(lambda self: self.is_in(self.bob))
    @rule(is_asked=st.booleans())
    def go(self, is_asked: bool) -> None:
        """Bob is removed, or leaves."""
        if is_asked:
            assert self.alice.call("DELETE", f"{self.path}members/{self.bob.id}/").status == 204
        else:
            assert self.bob.call("POST", f"{self.path}leave/").status == 204
        del self.floor[self.bob.id]
        for line in [line for line in self.lines if line.person is self.bob]:
            assert line.hear("member_removed")["user"] == self.bob.id
            if line.is_single:
                assert line.code() == 4403
                self.lines.remove(line)

    @precondition(lambda self: not self.is_in(self.bob))
    @rule()
    def come(self) -> None:
        assert self.alice.call("POST", f"{self.path}members/", {"user": self.bob.id}).status == 201
        self.floor[self.bob.id] = len(self.said)
        self.mark[self.bob.id] = 0
        for line in self.lines:
            if line.person is self.bob:
                assert line.hear("conversation_added")["details"]["last_sequence"] == len(self.said)

    @precondition(lambda self: self.lines)
    @rule(number=st.integers(0))
    def hang_up(self, number: int) -> None:
        line = self.pick(number)
        self.lines.remove(line)
        line.close()

    @invariant()
    def everybody_hears_what_is_due(self) -> None:
        for line in self.lines:
            line.catch_up()

    def teardown(self) -> None:
        try:
            for line in self.lines:
                line.ping()
            self._look_back()
        finally:
            for line in self.opened:
                line.close()

    def _look_back(self) -> None:
        for person in (self.alice, self.bob):
            answer = person.call("GET", f"{self.path}messages/?limit=200")
            if not self.is_in(person):
                assert answer.status == 404
                continue
            found = [(m["sender"]["id"], m["client_id"], m["content"]) for m in answer.data["results"]]
            assert found == self.said[self.floor[person.id] :]
            self._check_unread(person)

    def _check_unread(self, person: Person) -> None:
        above = max(self.mark[person.id], self.floor[person.id])
        unread = sum(1 for sender, *_ in self.said[above:] if sender != person.id)
        assert person.call("GET", self.path).data["unread_count"] == unread


@pytest.mark.timeout(300)
def test_whatever_people_do_a_model_foretells_it(site: Site, second_site: Site) -> None:
    people = site.register("Alice"), site.register("Bob")
    run_state_machine_as_test(
        lambda: Talk(people, (site, second_site)),
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            # Over real sockets a shorter way to the same fault would take minutes to find.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
