"""No lock: read the stock, then write back what was read less what is taken.

Guarantee: none; this is the control that shows what the others are for.
Failure: the lost update. Two orders read 5, both write 4, and two units are sold for one taken off. The
counter may still end at 0, so a shop that trusts its counter never learns of it.
Source: Berenson et al., "A Critique of ANSI SQL Isolation Levels" (SIGMOD 1995), phenomenon P4.
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class NoLock(Strategy):
    """SELECT available; UPDATE SET available = what was read - n."""

    name, safe = "no_lock", False

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.autocommit() as tx:
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))
