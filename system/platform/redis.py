"""Redis: one blocking pool a worker, and the names of the keys."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis

from system.settings import Settings

PREFIX = "dropday:"
STOCK = "dropday:stock"  # hash: SKU -> units neither sold nor held
LIMITS = "dropday:limits"  # hash: SKU -> units that one shopper may buy
BOUGHT = "dropday:bought"  # hash: "SKU shopper" -> units sold to or held for them, of limited SKUs
HOLDS = "dropday:holds"  # sorted set: hold -> when it expires, in ms since the epoch
HOLD = "dropday:hold:"  # + hold: hash of SKU -> units
QUEUE = "dropday:queue"  # stream of orders whose units are held
LOCK = "dropday:lock:"  # + SKU: who has the lease
FENCE = "dropday:fence"  # the last fencing token

# By default redis-py raises above its limit of connections; blocking waits its turn instead.
_CONNECTIONS = 16


def connect(settings: Settings) -> Redis:
    """A client whose commands wait for a connection rather than fail."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=_CONNECTIONS,
        timeout=settings.pool_timeout_s,
        decode_responses=True,
    )
    return Redis.from_pool(pool)
