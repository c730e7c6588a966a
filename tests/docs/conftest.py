import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import Site, make_database, start_web


@pytest.fixture(scope="module")
def school(worker_id: str) -> Iterator[Site]:
    """A server of the module's own with the demo workspace."""
    environment = make_database(f"school_{worker_id}")
    subprocess.run([sys.executable, "-m", "lyceum.runtime.cli", "demo"], env=environment, check=True)
    found, process = start_web(environment)
    yield found
    process.terminate()
    process.wait(20)
