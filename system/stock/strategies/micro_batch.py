"""Micro-batch: orders of a few milliseconds are merged into one transaction, and each gets its own answer.

Guarantee: no oversell; the batch locks its stock rows, decides its orders one after the other, and commits
once. Durable like the others: nobody is answered before the commit.
Failure: a batch shares its fate: when its worker dies, or a lock takes too long, all of its orders are
unknown or refused at once. Who is first within a batch is who came first to this worker.
Source: request merging in Alibaba's checkout; Helland et al., "Group Commit Timers and High Volume
Transaction Systems" (1987).
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import Strategy
from system.stock.shop import Shop


class MicroBatch(Strategy):
    """BEGIN; lock and read for all orders of the batch; write all that can be had; COMMIT; fan out."""

    name = "micro_batch"

    async def place(self, order: Order, shop: Shop) -> Placed:
        with shop.spans.span("batch"):
            return await shop.backroom.batches.place(order)
