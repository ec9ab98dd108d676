"""Pessimistic lock: lock the rows, look, decide, write, commit.

Guarantee: no oversell; between the look and the commit nobody else can touch the rows.
Failure: the convoy. Every order waits for the one before it, and holds a pooled connection while it waits,
so a hot SKU starves the others. Rows are locked in SKU order, or two carts would deadlock.
Source: PostgreSQL documentation, 13.3.2 "Row-Level Locks"; Blasgen et al., "The convoy phenomenon" (1979).
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class PessimisticLock(Strategy):
    """SELECT ... ORDER BY sku FOR UPDATE."""

    name = "pessimistic_lock"

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as tx:
            await tx.pay_before_lock(order)
            stock = await tx.lock_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.UNCHECKED)
