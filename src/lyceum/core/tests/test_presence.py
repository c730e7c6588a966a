import time
from uuid import uuid4

import pytest

from lyceum.core import presence, valkey


def test_the_last_state_is_kept_for_the_grace_and_not_bettered(monkeypatch: pytest.MonkeyPatch) -> None:
    person = uuid4()
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0.3)

    def state() -> str:
        return presence.states([person])[person]

    presence.touch(person, "desk", "online")
    presence.touch(person, "phone", "away")
    assert state() == "online"
    valkey.run(*presence.leaving(person, "desk", "online"))
    assert state() == "away"
    valkey.run(*presence.leaving(person, "phone", "away"))
    assert state() == "away"
    time.sleep(0.35)
    assert state() == "offline"


def test_many_are_read_at_once_and_what_has_lapsed_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    online, away, both, nobody = uuid4(), uuid4(), uuid4(), uuid4()
    presence.touch(online, "desk", "online")
    presence.touch(away, "phone", "away")
    presence.touch(both, "phone", "away")
    monkeypatch.setattr(presence, "ALIVE_SECONDS", 0.1)
    presence.touch(both, "desk", "online")
    assert presence.states([both]) == {both: "online"}
    time.sleep(0.15)
    found = presence.states([online, away, both, nobody])
    assert found == {online: "online", away: "away", both: "away", nobody: "offline"}


def test_of_whom_everything_is_forgotten_nothing_is_told() -> None:
    person = uuid4()
    presence.touch(person, "phone", "online")
    presence.forget(person)
    assert presence.states([person]) == {person: "offline"}
