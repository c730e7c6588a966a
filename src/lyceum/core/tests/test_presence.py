import time
from uuid import uuid4

import pytest

from lyceum.core import presence


def test_the_last_state_is_kept_for_the_grace_and_not_bettered(monkeypatch: pytest.MonkeyPatch) -> None:
    person = uuid4()
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0.3)

    def state() -> str:
        return presence.states([person])[person]

    presence.touch(person, "desk", "online")
    presence.touch(person, "phone", "away")
    assert state() == "online"
    presence.leave(person, "desk")
    assert state() == "away"
    presence.leave(person, "phone")
    assert state() == "away"
    time.sleep(0.35)
    assert state() == "offline"
