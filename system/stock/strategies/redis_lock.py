"""Redis lock: a lease in Redis on the SKU; who has it reads, decides and writes as if alone.

Guarantee: none that a shop can rely on; a control. It holds for as long as no order outlives its lease.
Failure: two holders. A pause (a full pool, a collection of garbage, a slow commit) outlives the lease, the
next holder reads the same stock, and both write. Releasing before the commit does the same without a pause.
Source: Kleppmann, "How to do distributed locking" (2016); Redis documentation,
"Distributed Locks with Redis".
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import RedisRole, Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class RedisLock(Strategy):
    """SET lock token NX PX lease; read, write; delete the lock if the token is still ours."""

    name, safe, redis = "redis_lock", False, RedisRole.LOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.backroom.leases.on(order.skus, shop.spans), shop.autocommit() as tx:
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))
