"""The sold-out board: what each worker knows to be gone, so that the crowd is refused without a database.

A background task reads, every `board_interval_ms`, which SKUs have no unit left in PostgreSQL, so a restock
takes the flag down by itself. Who already holds an order on such a SKU is let through to the database: it
may be asking again for an answer that was lost on the way.
"""

from __future__ import annotations

import asyncio
import logging

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from system.errors import Overloaded, SoldOut
from system.orders.model import Order
from system.platform.database import Database

_log = logging.getLogger(__name__)

# One statement, so one snapshot: a buyer is never missed between the two questions.
_SOLD_OUT = """
SELECT s.sku, CASE WHEN s.sku <> ALL ($1) THEN ARRAY(
           SELECT o.shopper FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.sku = s.sku
       ) END AS buyers
FROM stock s WHERE is_sold_out(s)
"""


class KnownToBeGone(SoldOut):
    """The board says so: no unit is left, and this shopper never bought one."""


class Board:
    """SKUs without a unit left, each with the shoppers who hold an order on it."""

    def __init__(self, database: Database, interval_ms: int) -> None:
        self._database = database
        self._interval_s = interval_ms / 1000
        self._buyers: dict[str, frozenset[int]] = {}

    def sold_out(self, order: Order) -> str | None:
        """The first SKU of `order` that is known to be gone, if this shopper never bought it."""
        for sku in order.skus:
            buyers = self._buyers.get(sku)
            if buyers is not None and order.shopper not in buyers:
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
        async with self._database.lane() as lane:
            rows = await lane.driver.fetch(_SOLD_OUT, list(self._buyers))
        self._buyers = {
            row["sku"]: self._buyers[row["sku"]] if row["buyers"] is None else frozenset(row["buyers"])
            for row in rows
        }

    async def watch(self) -> None:
        """Refresh for ever."""
        while True:
            try:
                await self.refresh()
            except (OSError, Overloaded, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError):
                # Nothing is known any more, so nobody is refused from memory until the database answers.
                self._buyers = {}
                _log.warning("the sold-out board could not read the stock", exc_info=True)
            await asyncio.sleep(self._interval_s)
