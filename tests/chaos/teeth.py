"""Whether the checkers bite: runs against web processes with planted bugs."""

from tests.chaos.bugs import BUGS
from tests.chaos.cluster import Cluster, Servers, apart
from tests.chaos.storm import Outcome, run
from tests.chaos.workload import SMALL

MESSAGES = 400
# Longer than everybody may take to have everything.
PATIENCE_SECONDS = 12.0
# In `make test`.
AT_A_TIME = 2
WITHOUT_BUG = ("acknowledgements dropped", "everybody dropped at once", "members removed and added", "sign-ins ended")


async def bite(servers: Servers, bug: str | None, *, seed: int) -> Outcome:
    """Run the small workload with a bug under the faults that show it, or without any under several of them."""
    faults = WITHOUT_BUG if bug is None else BUGS[bug]
    cluster = Cluster(servers, bug=bug, worker=False)
    await apart(cluster.__enter__)
    try:
        return await run(cluster, messages=MESSAGES, seed=seed, faults=faults, shape=SMALL, patience=PATIENCE_SECONDS)
    finally:
        await apart(cluster.__exit__)
