"""A real OpenSearch node for tests: one for the whole run, however many workers it has, and one to be ill-treated."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from scripts.opensearch import Node, shared

from lyceum.runtime.home import CannotRun


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """The address of the node that all tests share; names of indexes are each test's own business."""
    with ExitStack() as held:
        try:
            url = held.enter_context(shared())
        except CannotRun as err:
            pytest.skip(f"OpenSearch is not tested: {err}")
        yield url


@pytest.fixture(scope="module")
def own_opensearch() -> Iterator[Node]:
    """A node that a test may stop and kill."""
    try:
        node = Node(heap_mb=256)
        node.start()
    except CannotRun as err:
        pytest.skip(f"OpenSearch is not tested: {err}")
    yield node
    node.remove()
