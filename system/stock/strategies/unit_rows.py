"""Unit rows: a row for each pair of shoes; take any that nobody else is buying at this moment.

Guarantee: no oversell; a row is sold once. Nobody waits: locked rows are skipped.
Failure: false "sold out" near the end, while the last rows are locked by orders that may yet fail; not first
come, first served; and as many rows as there are units.
Source: PostgreSQL documentation, SELECT, "SKIP LOCKED"; Shopify's inventory reservations.
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take
from system.stock.tables import KeptIn


class UnitRows(Strategy):
    """SELECT ... LIMIT n FOR UPDATE SKIP LOCKED; pay; UPDATE units SET order."""

    name, exact, kept_in = "unit_rows", False, KeptIn.UNITS

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as tx:
            return await tx.place(order, Take.UNIT_ROWS, await tx.lock_units(order))
