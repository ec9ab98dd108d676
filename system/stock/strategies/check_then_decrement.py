"""Check, then decrement: look whether there is enough, then take it off without looking again.

Guarantee: the counter is right; what it counts down to is not guarded. A control.
Failure: all who looked before the last unit went take one. It oversells by what is in flight at that moment,
whatever the stock. The schema's CHECK (available >= 0) would turn that into errors, so it is off here.
Source: Warszawski and Bailis, "ACIDRain" (SIGMOD 2017), on level-based anomalies in shops.
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class CheckThenDecrement(Strategy):
    """SELECT available >= n; UPDATE SET available = available - n."""

    name, safe, backstops = "check_then_decrement", False, False

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.autocommit() as tx:
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.UNCHECKED)
