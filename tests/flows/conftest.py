from collections.abc import AsyncIterator

import pytest

from tests.conftest import Line


@pytest.fixture(autouse=True)
async def lines_are_closed() -> AsyncIterator[None]:
    """Close what a test left open, in its own loop."""
    yield
    for line in Line.opened:
        await line.close()
    Line.opened.clear()
