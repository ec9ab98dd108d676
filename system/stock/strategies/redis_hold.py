"""Redis hold: one script holds the units in Redis, the database transaction confirms the hold.

Guarantee: no oversell; Redis runs the script alone, and the database checks once more as it takes the units.
Failure: two books that can disagree. A hold is released when its order fails and expires if the process died;
an order that outlives its hold is still safe, by the database's check, but the counters then disagree.
Source: Redis documentation, "Scripting with Lua", on the atomicity of EVAL.
"""

from __future__ import annotations

from functools import cache

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from system.errors import KeyInProgress, ShopError, SoldOut, UnknownSku
from system.orders.model import Order
from system.platform.redis import HOLD, HOLDS, STOCK
from system.stock.port import Ack, Strategy
from system.stock.shop import Placed, Shop, Take

_COMMON = """
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function give_back(hold)
  local units = redis.call('HGETALL', ARGV[1] .. hold)
  for i = 1, #units, 2 do redis.call('HINCRBY', KEYS[1], units[i], units[i + 1]) end
  redis.call('DEL', ARGV[1] .. hold)
  redis.call('ZREM', KEYS[2], hold)
end
"""

# ARGV: hold prefix, hold, time to live in ms, then SKU and units in turn.
_TAKE = f"""{_COMMON}
for _, expired in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms(), 'LIMIT', 0, 100)) do
  give_back(expired)
end
local hold = ARGV[2]
if redis.call('ZSCORE', KEYS[2], hold) then return 'in_progress' end
for i = 4, #ARGV, 2 do
  local left = redis.call('HGET', KEYS[1], ARGV[i])
  if not left then return 'unknown:' .. ARGV[i] end
  if tonumber(left) < tonumber(ARGV[i + 1]) then return 'sold_out:' .. ARGV[i] end
end
for i = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[i], -ARGV[i + 1])
  redis.call('HSET', ARGV[1] .. hold, ARGV[i], ARGV[i + 1])
end
redis.call('ZADD', KEYS[2], now_ms() + ARGV[3], hold)
return 'held'
"""

_RELEASE = f"""{_COMMON}
if redis.call('ZSCORE', KEYS[2], ARGV[2]) then give_back(ARGV[2]) end
"""

_CONFIRM = """
redis.call('DEL', ARGV[1] .. ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
"""


class RedisHold(Strategy):
    """Hold in Redis, then UPDATE ... WHERE available >= n, then confirm or release the hold."""

    name, safe, ack = "redis_hold", True, Ack.COMMITTED

    async def place(self, order: Order, shop: Shop) -> Placed:
        hold = f"{order.shopper}:{order.key}"
        with shop.spans.span("redis_hold"):
            await _take(shop.redis, order, hold, shop.settings.hold_ttl_ms)
        try:
            async with shop.autocommit() as tx:
                placed = await tx.record(order, Take.IF_ENOUGH)
        except ShopError:
            await _run(shop.redis, _RELEASE, hold)
            raise
        with shop.spans.span("redis_confirm"):
            await _run(shop.redis, _RELEASE if placed.replayed else _CONFIRM, hold)
        return placed


async def _take(redis: Redis, order: Order, hold: str, ttl_ms: int) -> None:
    lines = [part for line in zip(order.skus, order.quantities, strict=True) for part in line]
    answer = await _run(redis, _TAKE, hold, ttl_ms, *lines)
    verdict, _, sku = answer.partition(":")
    if verdict == "sold_out":
        raise SoldOut.of(sku)
    if verdict == "unknown":
        raise UnknownSku.of(sku)
    if verdict == "in_progress":
        raise KeyInProgress.of(order.key)


async def _run(redis: Redis, script: str, *arguments: str | int) -> str:
    return str(await _registered(redis, script)(keys=[STOCK, HOLDS], args=[HOLD, *arguments]))


@cache
def _registered(redis: Redis, script: str) -> AsyncScript:
    return redis.register_script(script)
