"""Conditional update: one UPDATE that only succeeds while enough is left.

Guarantee: no oversell; PostgreSQL re-checks the condition on the newest version of a row it had to wait for.
Failure: the row is serial until COMMIT, so everything else in the order comes before it.
Source: PostgreSQL documentation, 13.2.1 "Read Committed Isolation Level".
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class ConditionalUpdate(Strategy):
    """UPDATE ... SET available = available - n WHERE available >= n."""

    name = "conditional_update"

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.place(order, Take.IF_ENOUGH)
