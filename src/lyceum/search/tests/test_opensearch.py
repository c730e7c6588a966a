"""OpenSearch does what every engine must, on a real node."""

from collections.abc import Iterator

import pytest

from lyceum.core.ids import uuid7
from lyceum.search.engine import SearchEngine
from lyceum.search.opensearch.client import Client
from lyceum.search.opensearch.engine import OpenSearch
from lyceum.search.tests.engine_suite import EngineSuite


@pytest.fixture(scope="module")
def prefix(opensearch_url: str) -> Iterator[str]:
    name = f"suite-{uuid7().hex}"
    yield name
    client = Client(opensearch_url)
    for index in client.ask("GET", f"/_cat/indices/{name}-*", format="json", h="index"):
        client.write("DELETE", f"/{index['index']}")
    client.close()


class TestOpenSearch(EngineSuite):
    @pytest.fixture
    def engine(self, opensearch_url: str, prefix: str) -> Iterator[SearchEngine]:
        client = Client(opensearch_url)
        yield OpenSearch(opensearch_url, prefix=prefix, client=client)
        client.close()
