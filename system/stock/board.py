"""The sold-out board: what each worker knows to be gone, so that the crowd is refused without a database.

A background task reads, every `board_interval_ms`, which SKUs have no unit left in PostgreSQL. Who holds an
order on such a SKU, or waits in the log with one, is let through to the database: it may be asking again for
an answer that was lost on the way.

A worker may not see every change of the stock. So what it knows bears the version of the stock row that it
was read with, and is only used for `valid_s`. Units come on sale no sooner than that after they were
announced (`stock.reopens_until`), and no worker reads an announced SKU as gone.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from system.errors import Overloaded, SoldOut
from system.orders.model import Order
from system.platform.database import Database

_log = logging.getLogger(__name__)

_VALID_INTERVALS = 10  # so many times may the database be late with its answer before the crowd asks it

# One statement, so one snapshot: a buyer is never missed between the questions. Every write of a stock row
# gives it another xmin, also the one that fills the shop anew; without a write nobody can become a buyer.
_SOLD_OUT = """
WITH gone AS MATERIALIZED (
    SELECT s.sku, s.xmin::text::bigint AS version FROM stock s
    WHERE is_sold_out(s) AND s.reopens_until < clock_timestamp()
)
SELECT gone.sku, gone.version, CASE WHEN known.version IS DISTINCT FROM gone.version THEN ARRAY(
           SELECT o.shopper FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.sku = gone.sku
       ) END AS shoppers
FROM gone LEFT JOIN unnest($1::text[], $2::bigint[]) AS known(sku, version) USING (sku)
UNION ALL SELECT NULL, NULL, ARRAY(SELECT shopper FROM intake) WHERE EXISTS (SELECT FROM gone)
"""


class KnownToBeGone(SoldOut):
    """The board says so: no unit is left, and this shopper never bought one."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A SKU without a unit left: the version of its stock row, and the shoppers who hold an order on it."""

    version: int
    buyers: frozenset[int]


class Board:
    """SKUs without a unit left, each with the shoppers who hold an order on it."""

    def __init__(self, database: Database, interval_ms: int) -> None:
        self._database = database
        self._interval_s = interval_ms / 1000
        self._gone: dict[str, Gone] = {}
        self._waiting: frozenset[int] = frozenset()
        self._read_at_s = -float("inf")

    @property
    def valid_s(self) -> float:
        """For how long a worker may refuse by what it has read."""
        return self._interval_s * _VALID_INTERVALS

    def sold_out(self, order: Order) -> str | None:
        """The first SKU of `order` that is known to be gone, if this shopper never bought it."""
        for sku in order.skus:
            gone = self._gone.get(sku)
            if (
                gone is not None
                and order.shopper not in gone.buyers
                and order.shopper not in self._waiting
                and monotonic() - self._read_at_s < self.valid_s
            ):
                return sku
        return None

    def check(self, order: Order) -> None:
        """Look again, after a wait in which others may have had the last unit.

        Raises:
            KnownToBeGone: they had.
        """
        gone = self.sold_out(order)
        if gone is not None:
            raise KnownToBeGone.of(gone)

    async def refresh(self) -> None:
        """Read what is gone now."""
        since_s = monotonic()
        async with self._database.lane() as lane:
            rows = await lane.driver.fetch(
                _SOLD_OUT, list(self._gone), [gone.version for gone in self._gone.values()]
            )
        known = self._gone
        self._gone = {
            row["sku"]: known[row["sku"]]
            if row["shoppers"] is None
            else Gone(row["version"], frozenset(row["shoppers"]))
            for row in rows
            if row["sku"] is not None
        }
        self._waiting = frozenset(rows[-1]["shoppers"]) if rows else frozenset()
        self._read_at_s = since_s

    async def watch(self) -> None:
        """Refresh for ever."""
        while True:
            try:
                await self.refresh()
            except (OSError, Overloaded, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError):
                # Nothing is known any more, so nobody is refused from memory until the database answers.
                self._gone = {}
                _log.warning("the sold-out board could not read the stock", exc_info=True)
            await asyncio.sleep(self._interval_s)
