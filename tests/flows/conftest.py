import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Line
from tests.inbox import inbox as inbox
from tests.raw import RawLine


@pytest.fixture(autouse=True)
async def lines_are_closed() -> AsyncIterator[None]:
    """Close what a test left open, in its own loop."""
    yield
    for line in Line.opened:
        await line.close()
    for raw in RawLine.opened:
        raw.close()
    Line.opened.clear()
    RawLine.opened.clear()
    # The loop lets aborted transports go in its next round.
    await asyncio.sleep(0.01)
