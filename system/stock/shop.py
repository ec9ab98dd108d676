"""The unit of work that every strategy shares: one order's statements, each timed by its span."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from time import perf_counter
from typing import Any

import asyncpg
from redis.asyncio import Redis

from system.orders.model import Order
from system.platform.database import Database, Turn
from system.platform.refusals import meaning_of
from system.platform.spans import Spans
from system.settings import Settings


class Take(Enum):
    """How `record` writes the stock: a function of the schema, and what it is given."""

    IF_ENOUGH = "take_if_enough($4, $5)"
    IF_UNCHANGED = "take_if_unchanged($4, $5, $6)"  # the versions that were read
    UNCHECKED = "take($4, $5)"
    OVERWRITE = "overwrite_stock($4, $6)"  # the units to be left


@dataclass(frozen=True, slots=True)
class Placed:
    """An order on record. `answer` is the response's body; `replayed`: kept from an earlier request."""

    answer: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """What a read of the stock saw, by SKU."""

    available: dict[str, int]
    versions: dict[str, int]


_READ = "SELECT sku, available, version FROM stock WHERE sku = ANY($1)"
_LOCK = f"{_READ} ORDER BY sku FOR UPDATE"
# The stock is taken last, so that the hot row is locked for no longer than the commit takes.
_RECORD = {
    take: f"SELECT answer, replayed, CASE WHEN NOT replayed THEN {take.value} END"  # noqa: S608 - constants
    " FROM record_order($1, $2, $3, $4, $5)"
    for take in Take
}


class Statements:
    """The statements of one order, on one connection."""

    __slots__ = ("_connection", "_spans")

    def __init__(self, connection: asyncpg.Connection, spans: Spans) -> None:
        self._connection = connection
        self._spans = spans

    async def read_stock(self, skus: list[str]) -> Levels:
        """The stock of `skus`, locked by nobody."""
        with self._spans.span("read_stock"):
            return _levels(await self._connection.fetch(_READ, skus))

    async def lock_stock(self, skus: list[str]) -> Levels:
        """The stock of `skus`, locked until the transaction ends.

        Raises:
            Conflict: another transaction held a row for longer than `lock_timeout_ms`.
        """
        since = perf_counter()
        try:
            return _levels(await self._connection.fetch(_LOCK, skus))
        except asyncpg.PostgresError as error:
            raise meaning_of(error) from None
        finally:
            self._spans.add("lock_row", since)

    async def record(self, order: Order, take: Take, expected: list[int] | None = None) -> Placed:
        """Everything that follows the stock decision, and the taking itself, in one statement.

        Raises:
            StockChanged: `Take.IF_UNCHANGED` met another version.
            ShopError: the refusals named in `Strategy.place`.
        """
        arguments: list[Any] = [order.shopper, order.key, order.fingerprint, order.skus, order.quantities]
        if expected is not None:
            arguments.append(expected)
        since = perf_counter()
        try:
            row = await self._connection.fetchrow(_RECORD[take], *arguments)
        except asyncpg.PostgresError as error:
            raise meaning_of(error) from None
        finally:
            self._spans.add("place_order", since)
        return Placed(row[0], row[1])


@dataclass(frozen=True, slots=True)
class Shop:
    """What a strategy may use for one order."""

    database: Database
    redis: Redis
    settings: Settings
    spans: Spans

    def autocommit(self) -> Autocommit:
        """A connection on which every statement is a transaction of its own."""
        return Autocommit(self.database, self.spans)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """A READ COMMITTED transaction: committed at the end, rolled back on any exception."""
        since = perf_counter()
        async with self.database.lane() as lane:
            self.spans.add("pool", since)
            with self.spans.span("begin"):
                await lane.driver.execute("BEGIN")
            try:
                yield Statements(lane.driver, self.spans)
            except Exception:
                if not lane.driver.is_closed():
                    await lane.driver.execute("ROLLBACK")
                raise
            with self.spans.span("commit"):
                await lane.driver.execute("COMMIT")


class Autocommit(Turn):
    """`async with` around the statements of a lane; a class for the reason that `Turn` is one."""

    __slots__ = ("_spans",)

    def __init__(self, database: Database, spans: Spans) -> None:
        super().__init__(database)
        self._spans = spans

    async def __aenter__(self) -> Statements:
        since = perf_counter()
        lane = await self.take()
        self._spans.add("pool", since)
        return Statements(lane.driver, self._spans)


def _levels(rows: list[asyncpg.Record]) -> Levels:
    return Levels(
        available={row["sku"]: row["available"] for row in rows},
        versions={row["sku"]: row["version"] for row in rows},
    )
