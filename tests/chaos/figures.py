"""What a run amounts to in numbers: how every message ended, and how long people waited."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.chaos.facts import Facts, Sending

Figures = dict[str, Any]
# Seen by everybody only later than this after its acknowledgement, a message is stale.
STALE_SECONDS = 1.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value at or below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def delays(facts: Facts) -> dict[tuple[str, str], float]:
    """Return for each acknowledged message how long after that the last member who stays had it."""
    last_seen: dict[tuple[str, str], float] = defaultdict(float)
    first: set[tuple[str, str]] = set()
    for sight in facts.sights:
        place, key = (sight.who, sight.id), (sight.conversation, sight.id)
        if (sight.who, sight.conversation) in facts.members and place not in first:
            first.add(place)
            last_seen[key] = max(last_seen[key], sight.at)
    found = {}
    for sending in facts.sendings.values():
        for ack in sending.acknowledgements[:1]:
            key = (sending.conversation, ack.value["id"])
            found[key] = max(0.0, last_seen[key] - ack.at)
    return found


def _outcome(sending: Sending, copies: int, delay: float | None) -> str:
    """Classify one message as a set checker does (Jepsen's set-full)."""
    if copies > 1:
        return "doubled"
    if sending.outcome == "ok":
        if not copies:
            return "lost"
        return "stale" if delay is not None and delay > STALE_SECONDS else "stable"
    if copies:
        return "recovered"
    return "refused" if sending.outcome == "fail" else "never there"


def outcomes(facts: Facts) -> Counter[str]:
    """Count the messages by what became of them; a recovered one is there though nobody was told."""
    late = delays(facts)
    copies = Counter((where, m["client_id"]) for where in facts.readings for m in facts.stored(where))
    counted: Counter[str] = Counter()
    for sending in facts.sendings.values():
        acks = sending.acknowledgements
        delay = late.get((sending.conversation, acks[0].value["id"])) if acks else None
        counted[_outcome(sending, copies[sending.conversation, sending.client_id], delay)] += 1
    return counted


def _unknowns(facts: Facts) -> tuple[int, int]:
    """Count tries without an answer, and the messages that had been told before their repeat was acknowledged."""
    first_seen: dict[tuple[str, str | None], float] = {}
    for sight in facts.sights:
        first_seen.setdefault((sight.conversation, sight.client_id), sight.at)
    tries = told = 0
    for sending in facts.sendings.values():
        unknown = sum(attempt.outcome == "unknown" for attempt in sending.attempts)
        again = min((a.began.at for a in sending.attempts if a.outcome == "ok"), default=0.0)
        tries += unknown
        told += bool(unknown) and first_seen.get((sending.conversation, sending.client_id), again) < again
    return tries, told


def figures(facts: Facts, violations: dict[str, list[str]]) -> Figures:
    """Return what a report says of one run."""
    waits = [ack.at - s.began for s in facts.sendings.values() for ack in s.acknowledgements[:1]]
    tries, stored = _unknowns(facts)
    # One after the other, so the nth is mended before the next begins.
    pairs = zip(facts.notes["fault"], facts.notes["mended"], strict=True)
    mended = [(begin.value["name"], round(end.at - begin.at, 2)) for begin, end in pairs]
    spread = list(delays(facts).values())
    return {
        "messages": len(facts.sendings),
        "acknowledged": sum(1 for s in facts.sendings.values() if s.acknowledgements),
        "outcomes": dict(outcomes(facts)),
        "unanswered_tries": tries,
        "unanswered_but_told": stored,
        "sights": len(facts.sights),
        "sockets_lost": len(facts.told["closed"]),
        "resumed_messages": sum(e.value["count"] for e in facts.told["resumed"]),
        "acknowledgement_seconds": _spread(waits),
        "everybody_has_it_seconds": _spread(spread),
        "faults": mended,
        "violations": {name: len(lines) for name, lines in violations.items()},
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {name: round(percentile(values, share), 3) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}


def total(runs: Iterable[Figures]) -> Figures:
    """Add up what can be added, and keep the worst of the rest."""
    runs = list(runs)
    summed = {name: sum(run[name] for run in runs) for name, value in runs[0].items() if isinstance(value, int)}
    for name in ("outcomes", "violations"):
        summed[name] = dict(sum((Counter(run[name]) for run in runs), Counter()))
    for name in ("acknowledgement_seconds", "everybody_has_it_seconds"):
        summed[name] = {share: max(run[name][share] for run in runs) for share in runs[0][name]}
    seconds: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for fault, took in run["faults"]:
            seconds[fault].append(took)
    summed["faults"] = {fault: {"times": len(s), "longest_seconds": max(s)} for fault, s in sorted(seconds.items())}
    return summed
