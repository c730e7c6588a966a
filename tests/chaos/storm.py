"""One run: people talk, faults happen one after the other between their messages, and the history is judged."""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.checkers import check
from tests.chaos.cluster import Cluster
from tests.chaos.facts import Facts, sort
from tests.chaos.history import History
from tests.chaos.nemesis import FAULTS, Field, strike
from tests.chaos.workload import LARGE, SETTLE_SECONDS, Shape, Workload


@dataclass
class Outcome:
    seed: int
    facts: Facts
    violations: dict[str, list[str]]
    seconds: float
    history: History

    def close(self) -> None:
        """Keep the raw history when it shows a violation, and say where it is."""
        self.history.close(kept=bool(self.violations))
        if self.violations:
            print(f"\nseed {self.seed}, history {self.history.path}", file=sys.stderr)

    def sentence(self) -> str:
        """Say what was violated, a few of each, and how to run it again."""
        shown = [f"{name}: {line}" for name, lines in self.violations.items() for line in lines[:5]]
        counted = ", ".join(f"{len(lines)} × {name}" for name, lines in self.violations.items())
        return "\n".join([f"seed {self.seed}: {counted}", *shown, f"history: {self.history.path}"])


async def run(
    cluster: Cluster,
    *,
    messages: int,
    seed: int,
    faults: Sequence[str] | None = None,
    shape: Shape = LARGE,
    patience: float = SETTLE_SECONDS,
) -> Outcome:
    """Send so many messages through the faults, each once and in an order of the seed, unless they are named."""
    rng = random.Random(seed)
    names = list(faults) if faults is not None else rng.sample(list(FAULTS), len(FAULTS))
    history, began = History(seed=seed), time.monotonic()
    field = Field(cluster, Workload(cluster, history, shape=shape, seed=seed), history, rng)
    try:
        await _storm(field, names, messages, patience)
    except BaseException:
        history.close(kept=True)
        print(f"\nseed {seed}, history {history.path}", file=sys.stderr)
        raise
    facts = sort(history.entries)
    return Outcome(seed, facts, check(facts), time.monotonic() - began, history)


async def _storm(field: Field, names: Sequence[str], messages: int, patience: float) -> None:
    async with field.workload as workload:
        for number, name in enumerate(names):
            done = messages * number // len(names)
            part = messages * (number + 1) // len(names) - done
            await workload.allow(part)
            # In the middle of the talk, not at its quiet beginning.
            await workload.until_acknowledged(done + part // 4)
            await strike(field, name)
            await workload.until_acknowledged(done + part)
        await workload.settle(patience)
        await workload.look_back()
