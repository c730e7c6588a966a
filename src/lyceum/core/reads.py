"""Reads of sockets beside Django: a statement that answers, in one run, all who ask while the last one is in flight."""

import asyncio
from typing import Any

import psycopg
from django.db import OperationalError

from lyceum.core.grouped import Grouped
from lyceum.core.loops import of_loop
from lyceum.core.pipeline import Pipeline, Row, Statement

MOST = 64
WAIT_SECONDS = 5.0


class Read:
    """One statement for many who ask, over a connection of its own in each event loop.

    `select` reads the table `asked`, which has the given columns (with the types of their arrays) and `place`, and
    returns `place` and then the answer, at most one row for each.
    """

    def __init__(self, name: str, select: str, **columns: int) -> None:
        places = ", ".join("%s" for _ in columns)
        names = ", ".join([*columns, "place"])
        asked = f"select * from unnest({places}) with ordinality as t ({names})"  # noqa: S608  # names of ours
        self._statement = Statement(name, f"with asked as materialized ({asked}) {select}", *columns.values())
        self._grouped = of_loop(lambda: Grouped(_Run(self._statement), most=MOST, calls=1))

    async def ask(self, *values: Any) -> Row | None:
        """Return the answer to values of the columns, None where no row is; raises what Django's queries raise.

        The statement begins after the call: it sees all that was committed before.
        """
        return await self._grouped().ask(values)


class _Run:
    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._pipeline: Pipeline | None = None

    async def __call__(self, questions: list[Row]) -> list[Row | None]:
        columns = [list(column) for column in zip(*questions, strict=True)]
        try:
            rows = await self._rows(columns)
        except (psycopg.Error, TimeoutError) as err:
            raise OperationalError(str(err)) from err
        answers = {place: tuple(rest) for place, *rest in rows}
        return [answers.get(place) for place in range(1, len(questions) + 1)]

    async def _rows(self, columns: list[list[Any]]) -> list[Row]:
        """Run the statement, once more over a fresh connection where the one that was open had died."""
        was_open = self._pipeline is not None
        try:
            return await self._try(columns)
        except psycopg.OperationalError:
            if not was_open:
                raise
            return await self._try(columns)

    async def _try(self, columns: list[list[Any]]) -> list[Row]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                if self._pipeline is None:
                    self._pipeline = await Pipeline.open()
                [rows] = await self._pipeline.run((self._statement, columns))
                return rows
        except BaseException:
            if self._pipeline is not None:
                pipeline, self._pipeline = self._pipeline, None
                await pipeline.close()
            raise
