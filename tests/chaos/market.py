"""W2, people who buy: more of them than copies, each order sent several times at once, while what sells is killed.

A buyer repeats what has no answer under the same key until there is one, as a program would. Then the database is held
against what they were told.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.chaos.calls import NoAnswer, call
from tests.chaos.cluster import Cluster, apart
from tests.chaos.history import History
from tests.chaos.nemesis import Field, strike

FAULTS = ("web process killed", "PostgreSQL killed", "web process killed")
# A claim of a killed process stands for a minute (core.idempotency.ABANDONED).
PATIENCE_SECONDS = 150.0
PAUSE_SECONDS = 0.5
AT_ONCE = 12
JUDGED = {
    "stock": "select stock from library_book where id = %s",
    "sold": "select coalesce(sum(quantity), 0) from library_orderitem where book_id = %s",
    "orders": "select count(distinct order_id) from library_orderitem where book_id = %s",
    "counted": "select coalesce(sum(copies), 0) from library_sales where book_id = %s",
    "told": """
        select count(*) from core_outboxevent where name = 'OrderPlaced' and payload->'items'->0->>'book_id' = %s
    """,
    "kept": """
        select count(*) from library_cartitem item where book_id = %s
        and exists (select from library_order where buyer_id = item.user_id)
    """,
    "empty": """
        select count(*) from library_order where %s <> '' and not exists (
            select from library_orderitem where order_id = library_order.id)
    """,
}
BY_BUYER = """
select library_order.id, buyer_id from library_order join library_orderitem on order_id = library_order.id
where book_id = %s
"""


@dataclass
class Buyer:
    """Somebody who wants one copy, and what they were told at the end."""

    id: str
    token: str
    ends: list[tuple[int, str]] = field(default_factory=list)

    @property
    def orders(self) -> set[str]:
        return {order for status, order in self.ends if status == 201}


@dataclass
class Market:
    """One run: `copies` are the times that each order is sent at once."""

    cluster: Cluster
    buyers: int
    stock: int
    copies: int
    seed: int
    faults: Sequence[str] = FAULTS
    tries: int = 0

    async def run(self) -> "Verdict":
        self.rng, began = random.Random(self.seed), time.monotonic()
        made = await apart(lambda: list(self.cluster.make_people(self.buyers)))
        self.people = [Buyer(str(one["id"]), one["sign_ins"][0][1]) for one in made]
        self.book = await apart(self._make_book)
        self._turn, self._done = asyncio.Semaphore(AT_ONCE), 0
        history = History(seed=self.seed)
        try:
            await asyncio.gather(self._break(history), *(self._buy(buyer) for buyer in self.people))
        finally:
            history.close(kept=False)
        found = await apart(self._look)
        return Verdict(self, found, time.monotonic() - began)

    def _make_book(self) -> str:
        command = [sys.executable, "-m", "tests.chaos.goods", str(self.stock)]
        done = subprocess.run(command, env=self.cluster.environment, check=True, capture_output=True, text=True)
        return done.stdout.split()[-1]

    async def _break(self, history: History) -> None:
        """Let each fault happen in the middle of its share of the buyers."""
        place = Field(self.cluster, self, history, self.rng)
        for number, name in enumerate(self.faults):
            while self._done < self.buyers * (number + 0.5) / (len(self.faults) + 1):
                await asyncio.sleep(0.02)
            await strike(place, name)

    async def _buy(self, buyer: Buyer) -> None:
        async with self._turn:
            put = await self._until_answered(buyer, "cart/items/", {"book": self.book, "quantity": 1}, "cart")
            if put[0] == 201:
                sent = (
                    self._until_answered(buyer, "orders/create_from_cart/", {}, "order") for _ in range(self.copies)
                )
                buyer.ends = await asyncio.gather(*sent)
            else:
                buyer.ends = [put]
            self._done += 1

    async def _until_answered(self, buyer: Buyer, path: str, body: Any, key: str) -> tuple[int, str]:
        """Return the status and the id, or the code, of the first answer that decides; try again until there is one."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            self.tries += 1
            port = self.rng.choice(self.cluster.webs).edge.port
            try:
                status, said = await call(
                    port, "POST", path, body, token=buyer.token, headers={"Idempotency-Key": f"{key}-{buyer.id}"}
                )
            except NoAnswer:
                status, said = 0, {}
            if 200 <= status < 300:
                return status, said["id"]
            if status and status < 500 and said["code"] not in ("request_in_progress", "rate_limited"):
                return status, said["code"]
            await asyncio.sleep(PAUSE_SECONDS)
        return 0, "nothing"

    def _look(self) -> dict[str, Any]:
        with psycopg.connect(self.cluster.environment["DATABASE_URL"]) as connection:
            found = {name: int(connection.execute(sql, [self.book]).fetchone()[0]) for name, sql in JUDGED.items()}
            rows = connection.execute(BY_BUYER, [self.book]).fetchall()
        return {**found, "by_buyer": {(str(order), str(buyer)) for order, buyer in rows}}


@dataclass
class Verdict:
    market: Market
    found: dict[str, Any]
    seconds: float

    def figures(self) -> dict[str, Any]:
        market = self.market
        told = Counter(end[1] if end[0] != 201 else "ordered" for buyer in market.people for end in buyer.ends)
        asked = {"buyers": market.buyers, "stock": market.stock, "copies": market.copies, "faults": list(market.faults)}
        counted = {name: value for name, value in self.found.items() if name != "by_buyer"}
        return {**asked, **counted, "tries": market.tries, "answers": dict(told), "seconds": round(self.seconds, 1)}

    def violations(self) -> list[str]:
        return list(self._violations())

    def _violations(self) -> Iterator[str]:
        market, found = self.market, self.found
        due = min(market.stock, market.buyers)
        told = {(order, buyer.id) for buyer in market.people for order in buyer.orders}
        for name in ("sold", "counted", "told", "orders"):
            if found[name] != due:
                yield f"{name}: {found[name]}, and it should be {due}"
        if found["stock"] != market.stock - due:
            yield f"{found['stock']} in stock, and it should be {market.stock - due}"
        if found["empty"] or found["kept"]:
            yield f"{found['empty']} orders of nothing, {found['kept']} carts that were ordered and are not empty"
        if told != found["by_buyer"]:
            lost, untold = len(told - found["by_buyer"]), len(found["by_buyer"] - told)
            yield f"{lost} orders told and not kept, {untold} kept and not told"
        for buyer in market.people:
            if len(set(buyer.ends)) != 1:
                yield f"one key had several answers: {sorted(set(buyer.ends))}"
            if {code for status, code in buyer.ends if status != 201} - {"sold_out", "cart_empty"}:
                yield f"an answer that nobody should get: {sorted(set(buyer.ends))}"
