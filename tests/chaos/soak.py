"""The long form: `python -m tests.chaos.soak` sends 100,000 messages through all faults, round after round.

Prints one table, writes `soak-report.json`, keeps the raw history of every round that shows a violation, and ends
with 1 when there is one. A round is run again by its seed: `--seed SEED --messages 5000`.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.bugs import BUGS
from tests.chaos.cluster import Cluster, Servers, apart
from tests.chaos.figures import Figures, figures, total
from tests.chaos.market import Market
from tests.chaos.storm import run
from tests.chaos.teeth import bite
from tests.chaos.workload import CROWD

ROUND = 5000
PARTS = ("bugs", "crowd", "market", "storm")


def say(sentence: str) -> None:
    print(sentence, flush=True)


async def storms(servers: Servers, options: argparse.Namespace) -> Figures:
    """Send all messages, a round at a time with a seed of its own, until they are sent or the time is over."""
    runs: list[Figures] = []
    cluster = Cluster(servers)
    await apart(cluster.__enter__)
    try:
        for number in range(-(-options.messages // ROUND)):
            if number and time.monotonic() > options.ends:
                say("the time is over")
                break
            outcome = await run(cluster, messages=min(ROUND, options.messages), seed=options.seed + number)
            outcome.close()
            if outcome.violations:
                say(outcome.sentence())
            runs.append(figures(outcome.facts, outcome.violations))
            say(f"round {number + 1}, seed {outcome.seed}: {runs[-1]['acknowledged']} in {outcome.seconds:.0f} s")
    finally:
        await apart(cluster.__exit__)
    return {"rounds": len(runs), **total(runs)}


async def crowd(servers: Servers, options: argparse.Namespace) -> Figures:
    """Drop a thousand sockets at once, and see them come back."""
    cluster = Cluster(servers)
    await apart(cluster.__enter__)
    try:
        faults = ["everybody dropped at once"] * 3
        outcome = await run(cluster, messages=900, seed=options.seed, faults=faults, shape=CROWD)
    finally:
        await apart(cluster.__exit__)
    outcome.close()
    if outcome.violations:
        say(outcome.sentence())
    found = figures(outcome.facts, outcome.violations)
    return {"sockets": CROWD.people, **found, "seconds_until_all_are_back": [took for _, took in found["faults"]]}


async def market(servers: Servers, options: argparse.Namespace) -> Figures:
    """Sell 50 copies to 200 buyers, and 1,000 orders that each come five times at once, while what sells is killed."""
    runs = {}
    for name, buyers, stock in (("last copies", 200, 50), ("keys", 1000, 5000)):
        cluster = Cluster(servers)
        await apart(cluster.__enter__)
        try:
            verdict = await Market(cluster, buyers=buyers, stock=stock, copies=5, seed=options.seed).run()
        finally:
            await apart(cluster.__exit__)
        runs[name] = verdict.figures()
        for violation in verdict.violations():
            say(f"market, {name}: {violation}")
        runs[name]["violations"] = verdict.violations()
        say(f"market, {name}: {runs[name]['sold']} of {stock} sold to {buyers} in {runs[name]['seconds']} s")
    return {"violations": [line for run in runs.values() for line in run["violations"]], **runs}


async def bugs(servers: Servers, options: argparse.Namespace) -> Figures:
    """Try every planted bug."""
    caught: dict[str, list[str]] = {}
    for bug in BUGS:
        outcome = await bite(servers, bug, seed=options.seed)
        outcome.history.close(kept=False)
        caught[bug] = sorted(outcome.violations)
        say(f"planted bug {bug}: {', '.join(caught[bug]) or 'NOT CAUGHT'}")
    return {"planted": len(BUGS), "caught": sum(map(bool, caught.values())), "by": caught}


def is_well(report: dict[str, Any]) -> bool:
    found = report["parts"]
    bitten = found.get("bugs", {})
    return bitten.get("caught") == bitten.get("planted") and not any(part.get("violations") for part in found.values())


def table(report: dict[str, Any]) -> Iterator[str]:
    """Say everything that matters in rows of two columns."""
    parts = report["parts"]
    yield f"{'seed':34} {report['seed']}"
    if found := parts.get("storm"):
        yield f"{'messages acknowledged':34} {found['acknowledged']:,} of {found['messages']:,}"
        for name in ("lost", "doubled"):
            yield f"{name:34} {found['outcomes'].get(name, 0)}"
        order = ("out_of_order", "one_senders_order", "split")
        yield f"{'out of order':34} {sum(found['violations'].get(name, 0) for name in order)}"
        yield f"{'all violations':34} {found['violations'] or 'none'}"
        told = f"{found['unanswered_tries']:,}, {found['unanswered_but_told']:,} of them told before their repeat"
        yield f"{'tries without an answer':34} {told}"
        yield f"{'sockets lost':34} {found['sockets_lost']:,}"
        for name in ("acknowledgement_seconds", "everybody_has_it_seconds"):
            spread = ", ".join(f"{share} {value}" for share, value in found[name].items())
            yield f"{name.replace('_', ' '):34} {spread} (worst round)"
        for fault, held in found["faults"].items():
            yield f"{fault:34} {held['times']} times, longest {held['longest_seconds']} s"
    if found := parts.get("crowd"):
        back = ", ".join(map(str, found["seconds_until_all_are_back"]))
        yield f"{'sockets dropped at once':34} {found['sockets']:,}, all back after {back} s"
        yield f"{'violations there':34} {found['violations'] or 'none'}"
    if found := parts.get("market"):
        for name in ("last copies", "keys"):
            run = found[name]
            had = run["stock"] + run["sold"]
            yield f"{name:34} {run['sold']:,} of {had:,} sold, {run['orders']:,} orders, {run['tries']:,} tries"
        yield f"{'violations there':34} {found['violations'] or 'none'}"
    if found := parts.get("bugs"):
        yield f"{'planted bugs caught':34} {found['caught']} of {found['planted']}"


async def soak(options: argparse.Namespace) -> dict[str, Any]:
    works = {"bugs": bugs, "crowd": crowd, "market": market, "storm": storms}
    report: dict[str, Any] = {"seed": options.seed, "began": datetime.now(UTC).isoformat(), "parts": {}}
    began = time.monotonic()
    servers = Servers()
    await apart(servers.__enter__)
    try:
        for part in options.parts:
            report["parts"][part] = await works[part](servers, options)
    finally:
        await apart(servers.__exit__)
    report["seconds"] = round(time.monotonic() - began)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=240, help="no new round after so long")
    parser.add_argument("--report", type=Path, default=Path("soak-report.json"))
    options = parser.parse_args()
    options.ends = time.monotonic() + 60 * options.minutes
    say(f"seed {options.seed}")
    report = asyncio.run(soak(options))
    options.report.write_text(json.dumps(report, indent=2) + "\n")
    say("\n" + "\n".join(table(report)))
    say(f"\n{options.report}, {report['seconds']} s")
    return 0 if is_well(report) else 1


if __name__ == "__main__":
    sys.exit(main())
