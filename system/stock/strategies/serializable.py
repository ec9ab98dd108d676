"""Serializable: read and write as if alone; the database undoes what no order of turns explains.

Guarantee: no oversell, if every writer of the stock is serializable: one at a lower level is not checked.
Failure: false aborts. PostgreSQL tracks reads by row, page or index and aborts where there might be a cycle;
a retry must redo everything, and what was done outside the database is not undone.
Source: Cahill, Roehm and Fekete, "Serializable Isolation for Snapshot Databases" (SIGMOD 2008); Ports and
Grittner, "Serializable Snapshot Isolation in PostgreSQL" (VLDB 2012).
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class Serializable(Strategy):
    """BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT; UPDATE SET available = what was read - n; COMMIT."""

    name, isolation = "serializable", "serializable"

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.retrying(_attempt, order)


async def _attempt(order: Order, shop: Shop) -> Placed:
    async with shop.transaction() as tx:
        stock = await tx.read_stock(order.skus)
        order.require(stock.available)
        return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))
