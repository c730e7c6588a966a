"""A short form of the fault test of the index; `python -m tests.chaos.indexing` is the long one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.indexing import is_right
from tests.conftest import make_database


@pytest.mark.timeout(240)
def test_after_kills_of_the_indexer_and_the_worker_the_index_is_as_the_database(tmp_path: Path, seed: int) -> None:
    environment = {**make_database("indexing"), "SEARCH_DIR": str(tmp_path / "search"), "LYCEUM_HOME": str(tmp_path)}
    sizes = ["--books", "40", "--edits", "200", "--kills", "4", "--seed", str(seed)]
    command = [sys.executable, "-m", "tests.chaos.indexing", *sizes]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=220)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert is_right(figures), figures
    assert figures["removed"] > 0
