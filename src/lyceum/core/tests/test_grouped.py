import asyncio

import pytest

from lyceum.core.grouped import Grouped


class Calls:
    """A function of many that answers when it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()

    async def __call__(self, things: list[int]) -> list[int]:
        self.groups.append(things)
        await self.gate.wait()
        if 13 in things:
            raise ValueError
        return [thing * 10 for thing in things]


async def test_what_comes_while_a_call_is_in_flight_goes_into_the_next() -> None:
    calls = Calls()
    grouped = Grouped(calls, most=3, calls=1)
    first = asyncio.create_task(grouped.ask(1))
    while not calls.groups:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(grouped.ask(n)) for n in range(2, 7)]
    await asyncio.sleep(0)
    calls.gate.set()
    assert await asyncio.gather(first, *rest) == [10, 20, 30, 40, 50, 60]
    assert calls.groups == [[1], [2, 3, 4], [5, 6]]


async def test_a_failure_is_that_of_everyone_in_the_call_and_of_nobody_else() -> None:
    calls = Calls()
    calls.gate.set()
    grouped = Grouped(calls, most=2, calls=1)
    answers = await asyncio.gather(*(grouped.ask(n) for n in (13, 1, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers[:2]] == [ValueError, ValueError]
    assert answers[2] == 20
    assert await grouped.ask(3) == 30


async def test_who_does_not_wait_any_more_takes_nothing_from_the_others() -> None:
    calls = Calls()
    grouped = Grouped(calls, most=2, calls=1)
    gone, stays = asyncio.create_task(grouped.ask(1)), asyncio.create_task(grouped.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    calls.gate.set()
    assert await stays == 20
    with pytest.raises(asyncio.CancelledError):
        await gone
