"""Bucketed stock: the units of a SKU in several rows; each shopper starts at a bucket of their own.

Guarantee: no oversell; each bucket is taken from as in a conditional update, and buyers seldom meet.
Failure: a line is taken from one bucket, so two last units in two buckets are no pair: "sold out" is said
while they lie there. And who is first depends on the bucket.
Source: the sharded counter (Google, "Sharding counters", 2008), applied to a hot stock row.
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop
from system.stock.statements import Take
from system.stock.tables import KeptIn


class BucketedStock(Strategy):
    """UPDATE stock_buckets ... WHERE bucket = hash(shopper) and the next ones, AND available >= n."""

    name, exact, kept_in = "bucketed_stock", False, KeptIn.BUCKETS

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.place(order, Take.FROM_BUCKETS)
