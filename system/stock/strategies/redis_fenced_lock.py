"""Redis lock with a fence: the same lease, with a token that grows; the stock refuses every older token.

Guarantee: no oversell; a holder that outlived its lease finds a younger token in the row, and starts again.
The token is written as the stock is read, not only checked at the write: otherwise an old holder could still
write between the young one's read and its write.
Failure: it holds only where every write checks the token; and two writes of the hot row for one order.
Source: Kleppmann, "How to do distributed locking" (2016), "fencing".
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import RedisRole, Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class RedisFencedLock(Strategy):
    """Lease and token; UPDATE SET fence = token WHERE fence < token; UPDATE ... WHERE fence = token."""

    name, redis = "redis_fenced_lock", RedisRole.LOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        return await shop.retrying(_attempt, order)


async def _attempt(order: Order, shop: Shop) -> Placed:
    async with shop.leases(order, fenced=True) as token, shop.autocommit() as tx:
        stock = await tx.read_behind_fence(order.skus, token)
        order.require(stock.available)
        return await tx.place(order, Take.IF_FENCED, token)
