"""Redis hold: one script holds the units in Redis, the database takes them, and the hold is confirmed.

Guarantee: no oversell; Redis runs the script alone, and the database checks once more as it takes the units.
Failure: two books that can disagree. A hold is released when its order fails and expires if the process died;
what is in doubt is settled by `RedisStock.reconcile`, which PostgreSQL has the last word in.
Source: Redis documentation, "Scripting with Lua", on the atomicity of EVAL.
"""

from __future__ import annotations

from system.errors import ShopError
from system.orders.model import Order, Placed
from system.stock.port import RedisRole, Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class RedisHold(Strategy):
    """Hold in Redis, then UPDATE ... WHERE available >= n, then confirm or release the hold."""

    name, redis = "redis_hold", RedisRole.STOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        in_redis = shop.backroom.redis_stock
        with shop.spans.span("redis_hold"):
            await in_redis.hold(order, shop.settings.hold_ttl_ms)
        try:
            placed = await shop.place(order, Take.IF_ENOUGH)
        except ShopError:
            await in_redis.release(order)
            raise
        with shop.spans.span("redis_confirm"):
            await (in_redis.release if placed.replayed else in_redis.confirm)(order)
        return placed
