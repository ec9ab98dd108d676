"""Units in Redis: held by one script, confirmed or released by another, set right from PostgreSQL by a third.

A hold stands for an order that PostgreSQL has not decided. What Redis has for sale is what PostgreSQL has,
less the live holds; `reconcile` makes it so whatever went wrong: memory lost, holds expired under orders
that were placed after all, workers that died between the two books.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from system.errors import KeyInProgress, LimitReached, ShopError, SoldOut, Unavailable, UnknownSku
from system.orders.model import Order
from system.platform.database import Database
from system.platform.redis import BOUGHT, HOLD, HOLDS, LIMITS, QUEUE, STOCK, connect
from system.settings import Settings

_log = logging.getLogger(__name__)

_OUTAGES = (
    *(RedisError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    *(SQLAlchemyError, ShopError),
)
_KEYS = [STOCK, HOLDS, BOUGHT, LIMITS, QUEUE]

# A hold is a hash of SKU -> units. Once it is known to be sold it is no hold any more: the field `sold` has
# its place for as long as its owner may take to confirm or release it, or send the order again. Without it
# a copy would hold units until its kept answer is found, and others be refused what nobody buys.
_COMMON = """
local STOCK, HOLDS, BOUGHT, LIMITS, QUEUE = unpack(KEYS)
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function take(hold, sku, units)
  redis.call('HINCRBY', STOCK, sku, -units)
  if redis.call('HEXISTS', LIMITS, sku) == 1 then
    redis.call('HINCRBY', BOUGHT, sku .. ' ' .. string.match(hold, '^%d+'), units)
  end
end
local function forget(prefix, hold)
  redis.call('ZREM', HOLDS, hold)
  return redis.call('DEL', prefix .. hold)
end
local function remember(prefix, hold, ms)
  local found = forget(prefix, hold)
  redis.call('HSET', prefix .. hold, 'sold', 1)
  redis.call('PEXPIRE', prefix .. hold, ms)
  return found
end
"""

# ARGV: hold prefix, hold, time to live in ms, then SKU and units in turn.
_TAKE = f"""{_COMMON}
local prefix, hold, ttl = unpack(ARGV)
if redis.call('EXISTS', STOCK) == 0 then return 'lost' end
if redis.call('EXISTS', prefix .. hold) == 1 then return 'in_progress' end
for i = 4, #ARGV, 2 do
  local sku, units = ARGV[i], tonumber(ARGV[i + 1])
  local left, limit = redis.call('HGET', STOCK, sku), redis.call('HGET', LIMITS, sku)
  if not left then return 'unknown:' .. sku end
  if limit then
    local has = redis.call('HGET', BOUGHT, sku .. ' ' .. string.match(hold, '^%d+')) or 0
    if has + units > tonumber(limit) then return 'limit:' .. sku end
  end
  if tonumber(left) < units then return 'sold_out:' .. sku end
end
for i = 4, #ARGV, 2 do
  take(hold, ARGV[i], ARGV[i + 1])
  redis.call('HSET', prefix .. hold, ARGV[i], ARGV[i + 1])
end
redis.call('ZADD', HOLDS, now_ms() + ttl, hold)
return 'held'
"""

# ARGV: hold, order. The hold stays until the order is decided; one that does so is in the queue already.
# Returns 0 when the hold has gone.
_QUEUE = f"""{_COMMON}
local hold, order = unpack(ARGV)
local expires = redis.call('ZSCORE', HOLDS, hold)
if not expires then return 0 end
if expires ~= 'inf' then
  redis.call('ZADD', HOLDS, '+inf', hold)
  redis.call('XADD', QUEUE, '*', 'order', order)
end
return 1
"""

# ARGV: hold prefix, hold. Gives the units back, unless they are sold. Returns 0 when the hold has gone.
_RELEASE = f"""{_COMMON}
local prefix, hold = unpack(ARGV)
if redis.call('HEXISTS', prefix .. hold, 'sold') == 0 then
  local units = redis.call('HGETALL', prefix .. hold)
  for i = 1, #units, 2 do take(hold, units[i], -units[i + 1]) end
end
return forget(prefix, hold)
"""

# ARGV: hold prefix, hold, for how many ms a sold hold is remembered. Returns 0 when the hold has gone.
_CONFIRM = f"""{_COMMON}
return remember(unpack(ARGV))
"""

# ARGV: hold prefix, for how many ms a sold hold is remembered, and as JSON what PostgreSQL says while it lets
# no order change it: stock [[sku, available, limit]], bought [[sku, shopper, units]], sold {hold: true},
# queued [[hold, order, lines]].
_RECONCILE = f"""{_COMMON}
local prefix, remembered_ms, truth = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
redis.call('DEL', STOCK, LIMITS, BOUGHT)
for _, row in ipairs(truth.stock) do
  redis.call('HSET', STOCK, row[1], row[2])
  if row[3] ~= cjson.null then redis.call('HSET', LIMITS, row[1], row[3]) end
end
for _, row in ipairs(truth.bought) do redis.call('HSET', BOUGHT, row[1] .. ' ' .. row[2], row[3]) end
for _, hold in ipairs(redis.call('ZRANGEBYSCORE', HOLDS, '-inf', now_ms())) do forget(prefix, hold) end
for _, entry in ipairs(truth.queued) do
  local hold = entry[1]
  if redis.call('ZSCORE', HOLDS, hold) ~= 'inf' then
    forget(prefix, hold)
    for _, line in ipairs(entry[3]) do redis.call('HSET', prefix .. hold, line[1], line[2]) end
    redis.call('ZADD', HOLDS, '+inf', hold)
    redis.call('XADD', QUEUE, '*', 'order', entry[2])
  end
end
for _, hold in ipairs(redis.call('ZRANGE', HOLDS, 0, -1)) do
  if truth.sold[hold] then
    remember(prefix, hold, remembered_ms)
  else
    local units = redis.call('HGETALL', prefix .. hold)
    for i = 1, #units, 2 do take(hold, units[i], units[i + 1]) end
  end
end
"""

# Whoever holds these rows lets no order take stock, so none commits between what is read here and the script.
_LOCK = 'SELECT FROM stock ORDER BY sku COLLATE "C" FOR UPDATE'
_SOLD_REMEMBERED_MS = 60_000
_STOCK = "SELECT sku, available, most_each FROM stock JOIN skus USING (sku)"
_BOUGHT = "SELECT sku, shopper, units FROM shopper_units"
_SOLD = """
SELECT shopper || ':' || key AS hold FROM idempotency_keys
WHERE (shopper, key) IN (SELECT split_part(hold, ':', 1)::bigint, substr(hold, strpos(hold, ':') + 1)
                         FROM unnest($1::text[]) AS hold)
"""
_OVERDUE = "SELECT EXISTS (SELECT FROM intake WHERE accepted_at < clock_timestamp() - interval '2 s')"
_QUEUED = "SELECT shopper, key, skus, quantities, fingerprint FROM intake ORDER BY id"


class RedisStock:
    """The units that Redis has for sale and holds."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._doubtful = True  # nobody knows what a predecessor left behind
        self._take = redis.register_script(_TAKE)
        self._queue = redis.register_script(_QUEUE)
        self._release = redis.register_script(_RELEASE)
        self._confirm = redis.register_script(_CONFIRM)
        self._reconcile = redis.register_script(_RECONCILE)

    async def hold(self, order: Order, ttl_ms: int) -> None:
        """Hold the order's units for `ttl_ms`, or until it is decided.

        Raises:
            SoldOut, UnknownSku, LimitReached: the units cannot be had.
            KeyInProgress: an order with this key holds units already.
            Unavailable: Redis lost its memory again while it was being set right.
        """
        lines = [part for line in zip(order.skus, order.quantities, strict=True) for part in line]
        arguments = [HOLD, _name(order), ttl_ms, *lines]
        said = await self._take(keys=_KEYS, args=arguments)
        if said == "lost":
            await self.reconcile(unless_known=True)
            said = await self._take(keys=_KEYS, args=arguments)
        if said != "held":
            raise _refusal(said, order)

    async def queue(self, order: Order) -> None:
        """Hand an order that holds units and is in the intake to the consumer; it keeps them until then."""
        try:
            queued = await self._queue(keys=_KEYS, args=[_name(order), json.dumps(order.row())])
        except (RedisError, OSError):
            queued = False
        self._doubtful |= not queued

    async def release(self, order: Order) -> None:
        """Give the units of an order back that was not placed."""
        await self._settle(self._release, order)

    async def confirm(self, order: Order) -> None:
        """The order was placed: its units are not held any more, but sold."""
        await self._settle(self._confirm, order, _SOLD_REMEMBERED_MS)

    async def _settle(self, script: Any, order: Order, *more: int) -> None:
        """The database has decided. If Redis knows of no hold, or does not answer, it is set right later."""
        try:
            found = await script(keys=_KEYS, args=[HOLD, _name(order), *more])
        except (RedisError, OSError):
            _log.warning("Redis was not told what became of %s", _name(order), exc_info=True)
            found = False
        self._doubtful |= not found

    async def reconcile(self, *, unless_known: bool = False) -> None:
        """Set what Redis knows right from PostgreSQL, while no order can take stock.

        Args:
            unless_known: do nothing if Redis has a stock at all; somebody else was quicker.
        """
        async with self._one_at_a_time, self._database.lane() as lane, lane.driver.transaction():
            await lane.driver.execute(_LOCK)
            if unless_known and await self._redis.exists(STOCK):
                return
            self._doubtful = False  # whatever raises a doubt from now on may have come too late for this time
            try:
                truth = json.dumps(await self._truth(lane.driver))
                await self._reconcile(keys=_KEYS, args=[HOLD, _SOLD_REMEMBERED_MS, truth])
            except BaseException:
                self._doubtful = True
                raise

    async def _truth(self, driver: asyncpg.Connection) -> dict[str, Any]:
        holds = await self._redis.zrange(HOLDS, 0, -1)
        sold = await driver.fetch(_SOLD, holds)
        queued = [Order(*row) for row in await driver.fetch(_QUEUED)]
        return {
            "stock": [list(row) for row in await driver.fetch(_STOCK)],
            "bought": [list(row) for row in await driver.fetch(_BOUGHT)],
            "sold": {row["hold"]: True for row in sold},
            "queued": [
                (_name(order), json.dumps(order.row()), list(zip(order.skus, order.quantities, strict=True)))
                for order in queued
            ],
        }

    async def look_after(self, every_s: float = 1.0) -> None:
        """Reconcile whenever there is a reason, for ever."""
        while True:
            with suppress(*_OUTAGES):
                await self.set_right()
            await asyncio.sleep(every_s)

    async def set_right(self) -> None:
        """Reconcile, if there is a reason."""
        if await self._is_doubtful():
            await self.reconcile()

    async def _is_doubtful(self) -> bool:
        """Whether the memory was lost, holds have expired, or Redis was not told of a decision."""
        if self._doubtful or not await self._redis.exists(STOCK):
            return True
        now_s, now_us = await self._redis.time()
        if await self._redis.zcount(HOLDS, "-inf", now_s * 1000 + now_us // 1000):
            return True
        async with self._database.lane() as lane:
            return bool(await lane.driver.fetchval(_OVERDUE))


async def reconcile(settings: Settings) -> None:
    """Set what Redis knows of the stock right from PostgreSQL, once, as an operator may ask for."""
    database, redis = Database(settings, 1), connect(settings)
    try:
        await RedisStock(redis, database).reconcile()
    finally:
        await database.close()
        await redis.aclose()


def _name(order: Order) -> str:
    return f"{order.shopper}:{order.key}"


def _refusal(said: str, order: Order) -> ShopError:
    verdict, _, sku = said.partition(":")
    match verdict:
        case "sold_out":
            return SoldOut.of(sku)
        case "limit":
            return LimitReached.of(sku)
        case "unknown":
            return UnknownSku.of(sku)
        case "in_progress":
            return KeyInProgress.of(order.key)
    return Unavailable("Redis lost its memory and is being set right; ask again with the same key")
