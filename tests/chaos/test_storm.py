"""5,000 messages through every fault: none that was acknowledged is lost, doubled or out of order."""

from collections.abc import Iterator

import pytest

from tests.chaos.cluster import Cluster, Servers
from tests.chaos.figures import figures
from tests.chaos.nemesis import FAULTS
from tests.chaos.storm import run
from tests.chaos.workload import CROWD

MESSAGES = 5000


@pytest.fixture(scope="module")
def cluster(servers: Servers) -> Iterator[Cluster]:
    with Cluster(servers) as found:
        yield found


@pytest.mark.timeout(600)
async def test_5000_messages_through_every_fault(cluster: Cluster, seed: int) -> None:
    outcome = await run(cluster, messages=MESSAGES, seed=seed)
    outcome.close()
    assert not outcome.violations, outcome.sentence()
    found = figures(outcome.facts, outcome.violations)
    assert found["acknowledged"] == MESSAGES
    assert {name for name, _ in found["faults"]} == set(FAULTS)


@pytest.mark.timeout(600)
async def test_a_thousand_sockets_dropped_at_once_come_back_and_lack_nothing(cluster: Cluster, seed: int) -> None:
    outcome = await run(cluster, messages=300, seed=seed, faults=["everybody dropped at once"], shape=CROWD)
    outcome.close()
    assert not outcome.violations, outcome.sentence()
    [(_, seconds)] = figures(outcome.facts, outcome.violations)["faults"]
    assert seconds < 60
