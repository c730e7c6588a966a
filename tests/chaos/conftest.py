import os
import random
from collections.abc import Iterator

import pytest

from tests.chaos.cluster import Servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with Servers() as found:
        yield found


@pytest.fixture(scope="session")
def seed() -> int:
    """Chance, unless CHAOS_SEED names the run to have again; what fails says it."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
