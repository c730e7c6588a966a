"""More buyers than copies, and keys sent many times at once, while web processes and PostgreSQL are killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.cluster import Cluster, Servers
from tests.chaos.market import Buyer, Market, Verdict


@pytest.fixture(scope="module")
def cluster(servers: Servers) -> Iterator[Cluster]:
    with Cluster(servers) as found:
        yield found


@pytest.mark.timeout(400)
async def test_what_is_in_stock_is_sold_once_whatever_is_killed(cluster: Cluster, seed: int) -> None:
    faults = ("web process killed", "PostgreSQL killed")
    verdict = await Market(cluster, buyers=40, stock=15, copies=2, seed=seed, faults=faults).run()
    assert not verdict.violations(), (seed, verdict.violations(), verdict.figures())
    assert verdict.figures()["sold"] == 15


@pytest.mark.timeout(300)
async def test_each_key_has_one_effect_and_one_answer(cluster: Cluster, seed: int) -> None:
    verdict = await Market(cluster, buyers=40, stock=1000, copies=5, seed=seed, faults=()).run()
    assert not verdict.violations(), (seed, verdict.violations(), verdict.figures())
    assert verdict.figures()["answers"] == {"ordered": 200}


WELL = {"stock": 0, "sold": 1, "orders": 1, "counted": 1, "told": 1, "kept": 0, "empty": 0, "by_buyer": {("o1", "a")}}
ENDS = {"a": [(201, "o1")] * 2, "b": [(409, "sold_out")]}


def judged(found: dict[str, Any] | None = None, **ends: list[tuple[int, str]]) -> list[str]:
    market = Market(None, buyers=2, stock=1, copies=2, seed=1)  # type: ignore[arg-type]
    market.people = [Buyer(name, "", given) for name, given in {**ENDS, **ends}.items()]
    return Verdict(market, {**WELL, **(found or {})}, 1.0).violations()


@pytest.mark.parametrize("ill", [{"sold": 2, "orders": 2}, {"stock": 1}, {"counted": 2}, {"told": 2}, {"kept": 1}])
def test_the_judgement_sees_what_is_ill_in_the_database(ill: dict[str, int]) -> None:
    assert not judged()
    assert judged(ill)


@pytest.mark.parametrize(
    "ends",
    [
        {"a": [(201, "o1"), (201, "o2")]},
        {"a": [(201, "o1"), (409, "cart_empty")]},
        {"a": [(201, "o2")]},
        {"b": [(0, "nothing")]},
        {"b": [(404, "not_found")]},
    ],
)
def test_the_judgement_sees_what_should_not_be_answered(ends: dict[str, list[tuple[int, str]]]) -> None:
    assert judged(None, **ends)
