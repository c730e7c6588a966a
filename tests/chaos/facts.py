"""A history of a chat, sorted once into what its checkers ask for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.chaos.history import Entry, ended

# Enough of a text to tell it from every other one.
HEAD = 60
Place = tuple[str, str]  # a person and a conversation


@dataclass
class Attempt:
    """One try to send: `end` is what became of it, None when the run ended before."""

    began: Entry
    end: Entry | None

    @property
    def outcome(self) -> str:
        return self.end.phase if self.end is not None else "unknown"


@dataclass
class Sending:
    """One message that somebody wanted to send, with all its tries under one `client_id`."""

    conversation: str
    sender: str
    client_id: str
    text: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def began(self) -> float:
        return self.attempts[0].began.at

    @property
    def acknowledgements(self) -> list[Entry]:
        return [a.end for a in self.attempts if a.end is not None and a.end.phase == "ok"]

    @property
    def outcome(self) -> str:
        """`ok` when any try was, `fail` when none can have happened, else `unknown`."""
        outcomes = {attempt.outcome for attempt in self.attempts}
        return "ok" if "ok" in outcomes else "fail" if outcomes == {"fail"} else "unknown"


class Sight(NamedTuple):
    """A message as one person saw it: by a push, a resume, a page, or the acknowledgement of their own."""

    at: float
    who: str
    line: str
    conversation: str
    sequence: int
    id: str
    client_id: str | None
    sender: str
    text: str


@dataclass
class Reading:
    """A conversation read to its end after all was mended."""

    at: float
    who: str
    conversation: str
    messages: list[dict[str, Any]]


@dataclass
class Facts:
    sendings: dict[tuple[str, str, str], Sending] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    readings: dict[str, list[Reading]] = field(default_factory=lambda: defaultdict(list))
    # Who stays to the end, and after which sequence they see.
    members: dict[Place, int] = field(default_factory=dict)
    others: dict[str, list[tuple[Entry, Entry | None]]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    notes: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def stored(self, conversation: str) -> list[dict[str, Any]]:
        """Return the conversation's messages as they stand at the end, by its first reading."""
        found = self.readings.get(conversation)
        return found[0].messages if found else []


def _sight(entry: Entry) -> Sight:
    value = entry.value
    return Sight(
        entry.at,
        entry.who,
        value.get("line", ""),
        value["conversation"],
        value["sequence"],
        value["id"],
        value["client_id"],
        value["sender"],
        value["text"],
    )


def sort(entries: Iterable[Entry]) -> Facts:
    """Sort a history; operations that nobody ended count as unknown."""
    entries = list(entries)
    facts, ends = Facts(), ended(entries)
    for entry in entries:
        value = entry.value
        match entry.phase, entry.act:
            case "invoke", "send":
                key = (value["conversation"], entry.who, value["client_id"])
                sending = facts.sendings.setdefault(key, Sending(*key, value["text"]))
                end = ends.get(entry.op)
                sending.attempts.append(Attempt(entry, end))
            case "ok", "send":
                seen = (value["conversation"], value["sequence"], value["id"], value["client_id"])
                facts.sights.append(Sight(entry.at, entry.who, value["line"], *seen, entry.who, value["text"]))
            case "invoke", act:
                facts.others[act].append((entry, ends.get(entry.op)))
            case "saw", "message":
                facts.sights.append(_sight(entry))
            case "saw", "reading":
                reading = Reading(entry.at, entry.who, value["conversation"], value["messages"])
                facts.readings[reading.conversation].append(reading)
            case "saw", act:
                facts.told[act].append(entry)
            case "note", "member":
                facts.members[value["user"], value["conversation"]] = value["above"]
            case "note", act:
                facts.notes[act].append(entry)
    return facts
