"""Redis lock: a lease in Redis on the SKU; who has it reads, decides and writes as if alone.

Guarantee: none that a shop can rely on; a control. It holds for as long as no order outlives its lease.
Failure: two holders. A pause (a collection of garbage, a slow network) outlives the lease, the next holder
reads the same stock, and both write. And the lock is given back before the commit, as wherever a transaction
is wrapped around the method that locks: the next holder reads what is about to change.
Source: Kleppmann, "How to do distributed locking" (2016); Redis documentation,
"Distributed Locks with Redis".
"""

from __future__ import annotations

from system.orders.model import Order, Placed
from system.stock.port import RedisRole, Strategy
from system.stock.shop import Shop
from system.stock.statements import Take


class RedisLock(Strategy):
    """BEGIN; SET lock token NX PX lease; read, write; delete the lock if it is still ours; COMMIT."""

    name, safe, redis = "redis_lock", False, RedisRole.LOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.transaction() as tx, shop.leases(order):
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))
