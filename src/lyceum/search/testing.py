"""Fixtures for tests of what is searched; every test has a folder of its own for the index."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lyceum.search import engines
from lyceum.search.indexing import Indexer


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Path) -> None:
    settings.SEARCH_DIR = tmp_path / "search"
    settings.SEARCH_URL = ""


@pytest.fixture
def index(db: None, own_index: None) -> Iterator[Indexer]:
    """An indexer with an index of every kind; `catch_up()` makes the changes of the test findable."""
    engine = engines.current()
    indexer = Indexer(engine)
    indexer.prepare()
    indexer.catch_up()
    yield indexer
    engine.close()
