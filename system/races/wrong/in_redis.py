"""Wrong ways with Redis: leases, holds, and counters that are not what they seem."""

from __future__ import annotations

from system.errors import SoldOut
from system.orders.model import Order, Placed
from system.platform.redis import HOLD, HOLDS, PREFIX, STOCK
from system.races.watched import WatchedRedis
from system.races.wrong.way import WrongWay, connection, record, redis_of, transaction
from system.stock.port import RedisRole
from system.stock.shop import Shop
from system.stock.statements import Take

_KEY = f"{PREFIX}key:"


class FenceOnlyAtWrite(WrongWay):
    """Lease and token, and the token is checked and left in the row; but only when it is written."""

    name, redis = "fence_only_at_write", RedisRole.LOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.leases(order, fenced=True) as token, transaction(shop) as tx:
            [sku], [units] = order.skus, order.quantities
            read = await tx.step("read_stock", "SELECT available FROM stock WHERE sku = $1", sku, looks=True)
            left = read[0]["available"] - units
            if left < 0:
                raise SoldOut.of(sku)
            fenced = "UPDATE stock SET available = $2, fence = $3 WHERE sku = $1 AND fence < $3"
            await tx.step("write_stock", fenced, sku, left, token)
            return await record(tx, order)


class UnlockAfterCommit(WrongWay):
    """A lease around the transaction instead of one inside it. Right so far; but it is still a lease."""

    name, redis = "unlock_after_commit", RedisRole.LOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        async with shop.leases(order), shop.transaction() as tx:
            stock = await tx.read_stock(order.skus)
            order.require(stock.available)
            return await tx.place(order, Take.OVERWRITE, order.left_of(stock.available))


class RedisDecidesAlone(WrongWay):
    """The hold is real, but the database does not look again; and a hold that expired goes back on sale."""

    name, redis, backstops = "redis_decides_alone", RedisRole.STOCK, False

    async def place(self, order: Order, shop: Shop) -> Placed:
        in_redis = shop.backroom.redis_stock
        await in_redis.hold(order, shop.settings.hold_ttl_ms)
        async with shop.autocommit() as tx:
            placed = await tx.place(order, Take.UNCHECKED)
        await in_redis.confirm(order)
        return placed

    async def look_after(self, redis: WatchedRedis) -> None:
        """What has expired goes back on sale."""
        for hold in map(str, await redis.zrangebyscore(HOLDS, "-inf", 1)):
            for sku, units in (await redis.hgetall(f"{HOLD}{hold}")).items():
                await redis.hincrby(STOCK, sku, int(units))
            await redis.zrem(HOLDS, hold)


class CounterAndKey(WrongWay):
    """A counter of what is left, and a key for each hold that expires by itself; the counter does not."""

    name, redis = "counter_and_key", RedisRole.STOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        redis, [sku], [units] = redis_of(shop), order.skus, order.quantities
        if await redis.step("redis_count", "HINCRBY", STOCK, sku, -units) < 0:
            await redis.step("redis_count", "HINCRBY", STOCK, sku, units)
            raise SoldOut.of(sku)
        key = f"{_KEY}{order.shopper}"
        await redis.step("redis_hold", "SET", key, 1, "PX", shop.settings.hold_ttl_ms)
        async with shop.autocommit() as tx:
            placed = await tx.place(order, Take.IF_ENOUGH)
        await redis.step("redis_confirm", "DEL", key)
        return placed


class SetWhereMissing(WrongWay):
    """Whoever finds no stock in Redis sets it to what the database said a moment ago."""

    name, redis, backstops = "set_where_missing", RedisRole.STOCK, False

    async def place(self, order: Order, shop: Shop) -> Placed:
        redis, [sku], [units] = redis_of(shop), order.skus, order.quantities
        if not await redis.step("redis_exists", "EXISTS", STOCK):
            async with connection(shop) as driver:
                read = "SELECT available FROM stock WHERE sku = $1"
                rows = await driver.step("reconcile_read", read, sku, looks=True)
            await redis.step("reconcile_set", "HSET", STOCK, sku, rows[0]["available"])
        if await redis.step("redis_hold", "HINCRBY", STOCK, sku, -units) < 0:
            await redis.step("redis_release", "HINCRBY", STOCK, sku, units)
            raise SoldOut.of(sku)
        async with shop.autocommit() as tx:
            return await tx.place(order, Take.UNCHECKED)


class LineByLine(WrongWay):
    """Redis takes the cart line by line, and gives back only the line that could not be had."""

    name, redis = "line_by_line", RedisRole.STOCK

    async def place(self, order: Order, shop: Shop) -> Placed:
        redis = redis_of(shop)
        for sku, units in zip(order.skus, order.quantities, strict=True):
            if await redis.step("redis_hold", "HINCRBY", STOCK, sku, -units) < 0:
                await redis.step("redis_release", "HINCRBY", STOCK, sku, units)
                raise SoldOut.of(sku)
        async with shop.autocommit() as tx:
            return await tx.place(order, Take.IF_ENOUGH)
