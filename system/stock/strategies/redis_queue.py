"""Redis queue: one script takes the units in Redis and the shopper is told "queued"; a consumer writes them.

Guarantee: no oversell; the consumer's batch checks the database's stock. And nothing that was acknowledged is
lost: before the answer goes out the order is in PostgreSQL's intake, from which `reconcile` queues it again
when Redis has lost its memory.
Failure: acknowledged is not committed: an order may still be refused, for want of money. Deliveries repeat
after a crash, so the consumer knows them by their key and entry.
Source: Redis documentation, "Redis Streams"; the seckill designs of Chinese retailers.
"""

from __future__ import annotations

from system.errors import ShopError
from system.orders.model import Order, Placed, Queued
from system.stock.port import Ack, RedisRole, Strategy
from system.stock.shop import Shop


class RedisQueue(Strategy):
    """Hold in Redis, INSERT into the intake, XADD; the consumer places orders by the batch."""

    name, ack, redis = "redis_queue", Ack.QUEUED, RedisRole.STOCK

    async def place(self, order: Order, shop: Shop) -> Placed | Queued:
        in_redis = shop.backroom.redis_stock
        with shop.spans.span("redis_hold"):
            await in_redis.hold(order, shop.settings.hold_ttl_ms)
        try:
            with shop.spans.span("journal"):
                accepted = await shop.backroom.intake.accept(order)
        except ShopError:
            await in_redis.release(order)
            raise
        with shop.spans.span("redis_enqueue"):
            await (in_redis.queue if isinstance(accepted, Queued) else in_redis.release)(order)
        return accepted
