"""Each checker on the smallest history that it has to find something in, and on one that is well."""

from typing import Any

import pytest

from tests.chaos import checkers
from tests.chaos.facts import sort
from tests.chaos.history import Entry, History, load

Line = tuple[Any, ...]
ALICE, BOB = "alice", "bob"


def build(*lines: Line) -> list[Entry]:
    """Make entries of (who, phase, act, op, value), one second after the other."""
    return [Entry(float(at), *line) for at, line in enumerate(lines)]


def place(number: int, sequence: int, **more: Any) -> dict[str, Any]:
    return {"conversation": "room", "sequence": sequence, "id": f"m{number}", "client_id": f"c{number}", **more}


def sends(number: int, *, line: str = "a/1", op: int | None = None) -> Line:
    value = {"conversation": "room", "client_id": f"c{number}", "text": f"text {number}", "line": line}
    return (ALICE, "invoke", "send", op or number, value)


def acknowledged(number: int, sequence: int, *, op: int | None = None) -> Line:
    return (ALICE, "ok", "send", op or number, place(number, sequence, line="a/1", text=f"text {number}"))


def sees(number: int, sequence: int, who: str = BOB, line: str = "b/1") -> Line:
    return (who, "saw", "message", 0, place(number, sequence, line=line, sender=ALICE, text=f"text {number}"))


def stored(number: int, sequence: int) -> dict[str, Any]:
    message = place(number, sequence, sender=ALICE, text=f"text {number}")
    del message["conversation"]
    return message


def reads_all(*messages: dict[str, Any], who: str = ALICE) -> Line:
    return (who, "saw", "reading", 0, {"conversation": "room", "messages": list(messages)})


def member(who: str = BOB, above: int = 0) -> Line:
    return ("run", "note", "member", 0, {"user": who, "conversation": "room", "above": above})


def note(act: str) -> Line:
    return ("run", "note", act, 0, {})


def told(who: str, act: str, **value: Any) -> Line:
    return (who, "saw", act, 0, value)


def does(who: str, act: str, op: int, **value: Any) -> tuple[Line, Line]:
    return (who, "invoke", act, op, value), (who, "ok", act, op, {})


STANDING = {"conversation": "room", "read_sequence": 0, "unread": 1}
RESUMED = {"conversation": "room", "from": 0, "to": 1, "count": 1, "line": "b/1"}
WELL = (
    member(),
    sends(1),
    acknowledged(1, 1),
    sees(1, 1),
    told(BOB, "resumed", **RESUMED),
    note("healed"),
    reads_all(stored(1, 1)),
    reads_all(stored(1, 1), who=BOB),
    told(BOB, "standing", **STANDING),
)
OFF = does(BOB, "sign out", 90, user=BOB, line="b/1")

ILL: dict[str, tuple[str, tuple[Line, ...]]] = {
    "an acknowledged message is not there": ("lost", (sends(1), acknowledged(1, 1), reads_all())),
    "a repeat is stored again": ("doubled", (sends(1), reads_all(stored(1, 1), {**stored(1, 2), "id": "m9"}))),
    "a repeat is acknowledged as another message": (
        "doubled",
        (
            sends(1),
            acknowledged(1, 1),
            sends(1, op=2),
            (ALICE, "ok", "send", 2, place(1, 2, line="a/1", text="text 1")),
        ),
    ),
    "a page goes back": ("out_of_order", (sends(1), sends(2), reads_all(stored(2, 2), stored(1, 1)))),
    "two people read differently": (
        "out_of_order",
        (sends(1), reads_all(stored(1, 1)), reads_all({**stored(1, 1), "text": "other"}, who=BOB)),
    ),
    "nobody sent what is stored": ("phantoms", (reads_all(stored(1, 1)),)),
    "another text is stored": ("phantoms", (sends(1), reads_all({**stored(1, 1), "text": "other"}))),
    "what was told is not stored": ("phantoms", (sends(1), sees(1, 1), reads_all())),
    "a number is left out": ("gaps", (sends(1), sends(2), reads_all(stored(1, 1), stored(2, 3)))),
    "a member never sees it": ("gaps", (member(), sends(1), reads_all(stored(1, 1)))),
    "one number holds two": ("split", (sends(1), sends(2), sees(1, 1), sees(2, 1))),
    "one message has two numbers": ("split", (sends(1), acknowledged(1, 1), sees(1, 2))),
    "a later message stands before": (
        "one_senders_order",
        (sends(1), acknowledged(1, 2), sends(2), acknowledged(2, 1)),
    ),
    "a later frame of the line stands before": (
        "one_senders_order",
        (sends(1), sends(2), acknowledged(1, 2), acknowledged(2, 1)),
    ),
    "the order breaks across a third": (
        "one_senders_order",
        (
            *(sends(1), acknowledged(1, 9), sends(2, line="http"), sends(3, line="http")),
            *(acknowledged(2, 10), acknowledged(3, 8)),
        ),
    ),
    "who was removed sees what was sent later": (
        "after_removal",
        (*does(ALICE, "remove", 80, user=BOB, conversation="room"), sends(1), sees(1, 1)),
    ),
    "who was told of the removal is told more": (
        "after_removal",
        (sends(1), told(BOB, "removed", conversation="room", line="b/1"), sees(1, 1)),
    ),
    "who joins sees what was before": (
        "before_joining",
        (sends(1), told(BOB, "added", conversation="room", above=1, line="b/1"), sees(1, 1)),
    ),
    "a socket outlives its sign-in": ("after_sign_out", (*OFF, note("x"), note("x"), note("x"))),
    "a socket is closed too late": (
        "after_sign_out",
        (*OFF, note("x"), note("x"), told(BOB, "closed", line="b/1", code=4401)),
    ),
    "a closed sign-in hears": (
        "after_sign_out",
        (sends(1), *OFF, told(BOB, "closed", line="b/1", code=4401), note("x"), note("x"), sees(1, 1)),
    ),
    "unread is counted wrongly": (
        "unread",
        (sends(1), reads_all(stored(1, 1)), told(BOB, "standing", **STANDING | {"unread": 2})),
    ),
    "a mark moved by itself": (
        "unread",
        (sends(1), reads_all(stored(1, 1)), told(BOB, "standing", **STANDING | {"read_sequence": 1, "unread": 0})),
    ),
    "a mark that was granted is gone": (
        "unread",
        (
            *(sends(1), reads_all(stored(1, 1)), *does(BOB, "read", 70, conversation="room", sequence=1)),
            told(BOB, "standing", **STANDING),
        ),
    ),
    "somebody is late": (
        "convergence",
        (member(), sends(1), note("healed"), reads_all(stored(1, 1)), *[note("x")] * 10, sees(1, 1)),
    ),
    "a resume brings less than it says": ("resumes", (told(BOB, "resumed", **RESUMED),)),
    "a sender is told of a fault of ours": (
        "undocumented",
        (sends(1), (ALICE, "unknown", "send", 1, {"code": "internal"})),
    ),
    "a socket ends as by a fault of ours": ("undocumented", (told(BOB, "closed", line="b/1", code=1011),)),
    "an address answers 500": ("undocumented", (told(BOB, "answer", path="auth/ws-ticket/", status=500),)),
    "a frame says internal": ("undocumented", (told(BOB, "error", code="internal", line="b/1"),)),
}


def test_a_history_that_is_well_shows_nothing() -> None:
    assert checkers.check(sort(build(*WELL))) == {}


@pytest.mark.parametrize("name", ILL)
def test_what_is_ill_is_found_by_its_own_checker(name: str) -> None:
    checker, lines = ILL[name]
    assert checker in checkers.check(sort(build(*lines)))


def test_every_checker_has_an_ill_history() -> None:
    assert {checker for checker, _ in ILL.values()} == {checker.__name__ for checker in checkers.CHECKERS}


WELL_TOO: dict[str, tuple[Line, ...]] = {
    "an unknown send that is not there": (sends(1), (ALICE, "unknown", "send", 1, {}), reads_all()),
    "an unknown send that is there": (sends(1), (ALICE, "unknown", "send", 1, {}), reads_all(stored(1, 1))),
    "a send that nobody ended": (sends(1), reads_all(stored(1, 1))),
    "a repeat with the same answer": (
        (sends(1), acknowledged(1, 1), sends(1, op=2), acknowledged(1, 1, op=2), reads_all(stored(1, 1)))
    ),
    "two at once over different doors": (
        sends(1), sends(2, line="http"), acknowledged(1, 2), acknowledged(2, 1), reads_all(stored(2, 1), stored(1, 2))
    ),
    "a message on its way to somebody who is being removed": (
        sends(1), *does(ALICE, "remove", 80, user=BOB, conversation="room"), sees(1, 1), reads_all(stored(1, 1))
    ),
    "who was added again sees again": (
        *does(ALICE, "remove", 80, user=BOB, conversation="room"),
        told(BOB, "removed", conversation="room", line="b/1"),
        *does(ALICE, "add", 81, user=BOB, conversation="room"),
        told(BOB, "added", conversation="room", above=0, line="b/1"),
        sends(1), sees(1, 1), reads_all(stored(1, 1)),
    ),
    "a socket that is closed in time": (*OFF, told(BOB, "closed", line="b/1", code=4401)),
}  # fmt: skip


@pytest.mark.parametrize("name", WELL_TOO)
def test_what_may_happen_is_no_violation(name: str) -> None:
    assert checkers.check(sort(build(*WELL_TOO[name]))) == {}


def test_a_history_comes_back_from_its_file() -> None:
    history = History(seed=7)
    op = history.invoke(ALICE, "send", conversation="room", client_id="c1", text="ö", line="a/1")
    history.end(ALICE, "unknown", "send", op, why="TimeoutError")
    history.close(kept=True)
    try:
        assert load(history.path) == history.entries
        assert history.entries[0].value["seed"] == 7
    finally:
        history.path.unlink()


def test_a_history_that_is_not_kept_leaves_no_file() -> None:
    history = History(seed=7)
    history.close(kept=False)
    assert not history.path.exists()
