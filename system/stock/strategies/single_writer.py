"""Single writer: orders are put into a log, and one process decides them, one after the other.

Guarantee: no oversell; only the writer touches the stock, and it owns the log by a lock of its connection.
Failure: the lag is latency; a crowd is told "queued" to be told "sold out" later; and one writer is all there
is: a log split by SKU would need a saga for carts over two of them.
Source: Thompson et al., "LMAX Disruptor" (2011), the single writer principle; Kleppmann, "Designing
Data-Intensive Applications" (2017), chapter 11.
"""

from __future__ import annotations

from system.orders.model import Order, Placed, Queued
from system.stock.port import Ack, Strategy
from system.stock.shop import Shop


class SingleWriter(Strategy):
    """INSERT into the log; the writer reads it in order and places orders by the batch."""

    name, ack = "single_writer", Ack.QUEUED

    async def place(self, order: Order, shop: Shop) -> Placed | Queued:
        with shop.spans.span("journal"):
            return await shop.backroom.intake.accept(order)
