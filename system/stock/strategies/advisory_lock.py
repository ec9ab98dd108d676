"""Advisory lock: a lock that bears the SKU's name, and that every buyer agrees to take first.

Guarantee: no oversell at READ COMMITTED, where each statement sees what the lock's last holder has committed.
Failure: it is voluntary; a writer that does not ask is not stopped. Under REPEATABLE READ the snapshot is
older than the lock, for the statement that waits for the lock takes it: sums over rows are then out of date,
and only because our stock is one row does PostgreSQL refuse the write (40001).
Source: PostgreSQL documentation, 13.3.5 "Advisory Locks".
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class AdvisoryLock(Strategy):
    """SELECT pg_advisory_xact_lock(sku), then read, decide, write, commit."""

    name = "advisory_lock"

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as tx:
            await tx.pay_before_lock(order)
            await tx.lock_names(order.skus)
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.UNCHECKED)
