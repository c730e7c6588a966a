"""What a history of a chat must never show. A checker is a pure function from facts to sentences about violations."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.chaos.facts import HEAD, Facts, Sending, Sight

Checker = Callable[[Facts], Iterator[str]]
CONVERGE_SECONDS = 10.0
SIGN_OUT_SECONDS = 2.0
# What a sender may be told while something is broken; all else is a fault of ours.
DOCUMENTED = {"unavailable", "rate_limited", "session_ended"}
ENDS_BADLY = {1002, 1007, 1011}


def lost(facts: Facts) -> Iterator[str]:
    """An acknowledged message is stored."""
    for sending in facts.sendings.values():
        stored = {message["client_id"] for message in facts.stored(sending.conversation)}
        if sending.acknowledgements and sending.client_id not in stored:
            yield f"{_name(sending)} was acknowledged and is not there"


def doubled(facts: Facts) -> Iterator[str]:
    """One `client_id` is one message, however often it was sent."""
    for conversation in facts.readings:
        seen: set[tuple[str, str | None]] = set()
        for message in facts.stored(conversation):
            key = (message["sender"], message["client_id"])
            if key in seen:
                yield f"{message['client_id']} is stored twice in {conversation}"
            seen.add(key)
    for sending in facts.sendings.values():
        answers = {(ack.value["id"], ack.value["sequence"]) for ack in sending.acknowledgements}
        if len(answers) > 1:
            yield f"{_name(sending)} was acknowledged as {sorted(answers)}"


def out_of_order(facts: Facts) -> Iterator[str]:
    """Every reading is in rising order, and all readings are the same."""
    for conversation, readings in facts.readings.items():
        for reading in readings:
            sequences = [message["sequence"] for message in reading.messages]
            if any(left >= right for left, right in pairwise(sequences)):
                yield f"{reading.who} reads {conversation} out of order"
            if reading.messages != readings[0].messages:
                yield f"{reading.who} and {readings[0].who} read {conversation} differently"


def phantoms(facts: Facts) -> Iterator[str]:
    """Nobody sees what nobody sent, or what is not there in the end."""
    texts = {(s.conversation, s.sender, s.client_id): s.text for s in facts.sendings.values()}
    stored = {message["id"] for where in facts.readings for message in facts.stored(where)}
    for where in facts.readings:
        for message in facts.stored(where):
            if texts.get((where, message["sender"], message["client_id"])) != message["text"][:HEAD]:
                yield f"{message['id']} in {where} is not what anybody sent"
    for sight in facts.sights:
        if sight.conversation in facts.readings and sight.id not in stored:
            yield f"{sight.who} saw {sight.sequence} of {sight.conversation}, which is not there"


def gaps(facts: Facts) -> Iterator[str]:
    """Sequences are 1 to N, and who stays sees every one of them."""
    for conversation in facts.readings:
        sequences = [message["sequence"] for message in facts.stored(conversation)]
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"{conversation} is numbered {_brief(sequences)}"
    seen = _first_seen(facts)
    for place, above in facts.members.items():
        missed = [sequence for sequence in _expected(facts, place[1], above) if sequence not in seen[place]]
        if missed:
            yield f"{place[0]} never saw {_brief(missed)} of {place[1]}"


def split(facts: Facts) -> Iterator[str]:
    """One sequence is one message, and one message has one sequence, for everybody and at all times."""
    message_at: dict[tuple[str, int], str] = {}
    sequence_of: dict[str, int] = {}
    for conversation, sequence, identity in _observed(facts):
        if message_at.setdefault((conversation, sequence), identity) != identity:
            yield f"{sequence} of {conversation} is both {message_at[conversation, sequence]} and {identity}"
        if sequence_of.setdefault(identity, sequence) != sequence:
            yield f"{identity} is told under {sequence_of[identity]} and {sequence}"


def one_senders_order(facts: Facts) -> Iterator[str]:
    """What one person sent after an acknowledgement, or later over the same line, comes later."""
    by_place: dict[tuple[str, str], list[Sending]] = defaultdict(list)
    for sending in facts.sendings.values():
        if sending.acknowledgements:
            by_place[sending.sender, sending.conversation].append(sending)
    for sendings in by_place.values():
        by_line: dict[str, Sending] = {}
        waiting = deque(sorted(sendings, key=lambda s: s.acknowledgements[0].at))
        newest: Sending | None = None
        for sending in sorted(sendings, key=lambda s: s.began):
            while waiting and waiting[0].acknowledgements[0].at < sending.began:
                newest = max((waiting.popleft(), *([newest] if newest else [])), key=_sequence)
            for earlier in filter(None, (newest, by_line.get(_line(sending)))):
                if _sequence(earlier) >= _sequence(sending):
                    yield f"{_name(sending)} was sent after {earlier.client_id} and stands before it"
            if line := _line(sending):
                by_line[line] = sending


def after_removal(facts: Facts) -> Iterator[str]:
    """Who was removed gets nothing that was sent later, and nothing at all after being told, until added again."""
    added = sorted((e.at, e.value["user"], e.value["conversation"]) for e, _ in facts.others["add"])
    began = {(s.conversation, s.client_id): s.began for s in facts.sendings.values()}
    sights = _by_place(facts)
    for begin, end in facts.others["remove"]:
        if end is None or end.phase != "ok":
            continue
        user, conversation = begin.value["user"], begin.value["conversation"]
        until = next((at for at, *place in added if at > end.at and place == [user, conversation]), float("inf"))
        for sight in sights[user, conversation]:
            sent = began.get((conversation, sight.client_id or ""), 0.0)
            if end.at < sent < until and sight.at < until:
                yield f"{user} saw {sight.sequence} of {conversation}, sent {sent - end.at:.3f} s after the removal"
    for told in facts.told["removed"]:
        place, line = (told.who, told.value["conversation"]), told.value["line"]
        again = [e.at for e in facts.told["added"] if e.who == told.who and e.value["conversation"] == place[1]]
        until = min((at for at in again if at > told.at), default=float("inf"))
        for sight in sights[place]:
            if sight.line == line and told.at < sight.at < until:
                yield f"{told.who} was told of the removal from {place[1]}, then of {sight.sequence}"


def before_joining(facts: Facts) -> Iterator[str]:
    """Who joins a group that hides its history sees nothing from before."""
    sights = _by_place(facts)
    for told in facts.told["added"]:
        conversation, above = told.value["conversation"], told.value["above"]
        for sight in sights[told.who, conversation]:
            # A comer comes more than once: only what is seen from this coming on is bound by it.
            if sight.at > told.at and sight.sequence <= above:
                yield f"{told.who} joined {conversation} after {above} and saw {sight.sequence}"


def after_sign_out(facts: Facts) -> Iterator[str]:
    """Sockets of a sign-in that ended are closed within two seconds, and tell nothing later."""
    closed = {(entry.who, entry.value["line"]): entry.at for entry in facts.told["closed"]}
    for begin, end in facts.others["sign out"]:
        if end is None or end.phase != "ok":
            continue
        who, line, limit = begin.value["user"], begin.value["line"], end.at + SIGN_OUT_SECONDS
        at = closed.get((who, line))
        if at is None or at > limit:
            how_long = "to the end" if at is None else f"for {at - end.at:.1f} s"
            yield f"{line} of {who} was open {how_long} after sign-out"
        late = [s for s in facts.sights if s.who == who and s.line == line and s.at > limit]
        if late:
            yield f"{who} heard {len(late)} messages on {line} after sign-out"


def unread(facts: Facts) -> Iterator[str]:
    """Unread is what others sent above one's mark; the mark is no less than what was granted, no more than asked."""
    for entry in facts.told["standing"]:
        conversation, mark = entry.value["conversation"], entry.value["read_sequence"]
        above = max(mark, facts.members.get((entry.who, conversation), 0))
        stored = facts.stored(conversation)
        counted = sum(1 for m in stored if m["sequence"] > above and m["sender"] != entry.who)
        if counted != entry.value["unread"]:
            yield f"{entry.who} has {counted} unread in {conversation} and is told {entry.value['unread']}"
        low, high = _mark_bounds(facts, entry.who, conversation)
        if not low <= mark <= high:
            yield f"{entry.who} has read {conversation} to {mark}, which is not within {low} and {high}"


def convergence(facts: Facts) -> Iterator[str]:
    """Soon after the last fault is mended and the last message sent, everybody has everything."""
    healed = [entry.at for entry in facts.notes["healed"]]
    if not healed:
        return
    limit = healed[-1] + CONVERGE_SECONDS
    seen = _first_seen(facts)
    for place, above in facts.members.items():
        late = {s: seen[place][s] for s in _expected(facts, place[1], above) if seen[place].get(s, 0) > limit}
        if late:
            slowest = max(late.values()) - healed[-1]
            yield f"{place[0]} had {_brief(list(late))} of {place[1]} only {slowest:.1f} s after all was mended"


def resumes(facts: Facts) -> Iterator[str]:
    """`resumed` says truly what was brought: all from the one sequence to the other."""
    sights = _by_place(facts)
    for told in facts.told["resumed"]:
        conversation, low, high = told.value["conversation"], told.value["from"], told.value["to"]
        place = (told.who, conversation)
        had = {s.sequence for s in sights[place] if s.at <= told.at and s.sequence > low}
        missed = [sequence for sequence in range(low + 1, high + 1) if sequence not in had]
        if missed:
            yield f"{told.who} was told to have {conversation} to {high}, and lacked {_brief(missed)}"


def undocumented(facts: Facts) -> Iterator[str]:
    """While something is broken, people are told so in the documented ways alone."""
    for sending in facts.sendings.values():
        for attempt in sending.attempts:
            code = attempt.end.value.get("code") if attempt.end is not None else None
            if code is not None and code not in DOCUMENTED:
                yield f"{_name(sending)} was answered {code}"
    for entry in facts.told["error"]:
        if entry.value["code"] not in DOCUMENTED:
            yield f"{entry.who} was told {entry.value['code']} on {entry.value['line']}"
    for entry in facts.told["closed"]:
        if entry.value["code"] in ENDS_BADLY:
            yield f"{entry.value['line']} of {entry.who} was closed with {entry.value['code']}"
    for entry in facts.told["answer"]:
        if entry.value["status"] >= 500 and entry.value["status"] != 503:
            yield f"{entry.value['path']} answered {entry.who} with {entry.value['status']}"


CHECKERS: tuple[Checker, ...] = (
    lost,
    doubled,
    out_of_order,
    phantoms,
    gaps,
    split,
    one_senders_order,
    after_removal,
    before_joining,
    after_sign_out,
    unread,
    convergence,
    resumes,
    undocumented,
)


def check(facts: Facts, checkers: tuple[Checker, ...] = CHECKERS) -> dict[str, list[str]]:
    """Return the violations by checker; empty when all is well."""
    found = {checker.__name__: list(checker(facts)) for checker in checkers}
    return {name: violations for name, violations in found.items() if violations}


def _name(sending: Sending) -> str:
    return f"{sending.client_id} of {sending.sender} in {sending.conversation}"


def _brief(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return f"{shown} … ({len(numbers)})" if len(numbers) > 8 else shown


def _by_place(facts: Facts) -> dict[tuple[str, str], list[Sight]]:
    found: dict[tuple[str, str], list[Sight]] = defaultdict(list)
    for sight in facts.sights:
        found[sight.who, sight.conversation].append(sight)
    return found


def _first_seen(facts: Facts) -> dict[tuple[str, str], dict[int, float]]:
    """Return when each person first saw each sequence of each conversation."""
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for sight in facts.sights:
        found[sight.who, sight.conversation].setdefault(sight.sequence, sight.at)
    return found


def _expected(facts: Facts, conversation: str, above: int) -> list[int]:
    return [m["sequence"] for m in facts.stored(conversation) if m["sequence"] > above]


def _observed(facts: Facts) -> Iterator[tuple[str, int, str]]:
    for sight in facts.sights:
        yield sight.conversation, sight.sequence, sight.id
    for conversation, readings in facts.readings.items():
        for reading in readings:
            for message in reading.messages:
                yield conversation, message["sequence"], message["id"]


def _sequence(sending: Sending) -> int:
    return int(sending.acknowledgements[0].value["sequence"])


def _line(sending: Sending) -> str:
    """Return the socket over which it came through by its only try, else nothing."""
    line = sending.attempts[0].began.value["line"]
    return line if len(sending.attempts) == 1 and line != "http" else ""


def _mark_bounds(facts: Facts, who: str, conversation: str) -> tuple[int, int]:
    """Return the least and the greatest mark that a person's reads and sends admit."""
    low = high = max((m["sequence"] for m in facts.stored(conversation) if m["sender"] == who), default=0)
    for begin, end in facts.others["read"]:
        if begin.who == who and begin.value["conversation"] == conversation:
            high = max(high, begin.value["sequence"])
            low = max(low, begin.value["sequence"] if end is not None and end.phase == "ok" else 0)
    return low, high
