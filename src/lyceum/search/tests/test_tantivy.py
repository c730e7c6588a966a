"""Tantivy does what every engine must, and what only one with files of its own can."""

from pathlib import Path

import pytest

from lyceum.search.embedded.engine import TantivyEngine
from lyceum.search.engine import SearchEngine
from lyceum.search.tests.engine_suite import EngineSuite


class TestTantivy(EngineSuite):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> SearchEngine:
        return TantivyEngine(tmp_path)
