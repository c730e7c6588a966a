"""The checkers bite: each planted bug is caught by a workload that is part of the one in `test_storm`."""

import random

import pytest

from tests.chaos.bugs import BUGS
from tests.chaos.cluster import Servers
from tests.chaos.teeth import AT_A_TIME, bite

# A bug that shows in a kill alone needs one that falls into the right moment.
ATTEMPTS = 4


@pytest.mark.timeout(600)
@pytest.mark.parametrize("turn", range(AT_A_TIME))
async def test_a_planted_bug_is_caught(servers: Servers, seed: int, turn: int) -> None:
    """Some in turn; `make soak` tries all of them."""
    bug = random.Random(seed).sample(sorted(BUGS), AT_A_TIME)[turn]
    for attempt in range(ATTEMPTS):
        outcome = await bite(servers, bug, seed=seed + attempt)
        outcome.history.close(kept=False)
        if outcome.violations:
            return
    raise AssertionError(f"seed {seed}: {bug} was not caught in {ATTEMPTS} runs")


@pytest.mark.timeout(600)
async def test_without_a_bug_the_same_workload_shows_nothing(servers: Servers, seed: int) -> None:
    outcome = await bite(servers, None, seed=seed)
    outcome.close()
    assert not outcome.violations, outcome.sentence()
