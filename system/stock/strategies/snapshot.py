"""Snapshot isolation: read and write as without a lock, but of one moment; on a conflict, again.

Guarantee: no oversell on PostgreSQL: who writes a row that changed since the snapshot gets SQLSTATE 40001.
Failure: the same code loses updates on MySQL, whose REPEATABLE READ lets the last writer win. And, as with
every optimist, the retry storm.
Source: Berenson et al. (SIGMOD 1995), "first committer wins"; PostgreSQL documentation, 13.2.2.
"""

from __future__ import annotations

from typing import ClassVar

from system.orders.model import Order, Placed
from system.settings import Isolation
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class Snapshot(Strategy):
    """BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT; UPDATE SET available = what was read - n; COMMIT."""

    name = "snapshot"
    isolation: ClassVar[Isolation] = "repeatable read"

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.retrying(_attempt, order)


async def _attempt(order: Order, shop: Shop) -> Placed:
    async with shop.transaction() as tx:
        stock = await tx.read_stock(order.skus)
        order.require(stock.available)
        return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))
