"""The consumer: it decides what the API has accepted, under `redis_queue` and `single_writer`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from system.errors import Conflict
from system.platform import redis as redis_platform
from system.platform.background import in_the_background
from system.platform.database import Database
from system.settings import Settings
from system.stock.port import RedisRole, Strategy
from system.stock.redis_stock import RedisStock
from system.workers.logs import Accepted, Log, Stream
from system.workers.writer import Writer

_log = logging.getLogger(__name__)

_STANDBY_S = 0.2
_AFTER_AN_OUTAGE_S = 0.2


async def consume(settings: Settings, strategy: Strategy, stop: asyncio.Event) -> None:
    """Decide what is accepted until `stop` is set and all of it is decided; wait while another one does.

    Raises:
        OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError: a server is gone.
    """
    redis = redis_platform.connect(settings)
    database = Database(settings, pool_size=1)
    connection = await asyncpg.connect(settings.database_url, server_settings={"application_name": "dropday"})
    writer = Writer(connection)
    try:
        while not await writer.owns_the_log():
            if await _is_set(stop, within_s=_STANDBY_S):
                return
        if strategy.redis is RedisRole.STOCK:
            await _from_redis(writer, redis, database, settings, stop)
        else:
            await _work(writer, Accepted(connection), settings, stop)
    finally:
        await connection.close()
        await database.close()
        await redis.aclose()


async def _from_redis(
    writer: Writer, redis: Redis, database: Database, settings: Settings, stop: asyncio.Event
) -> None:
    stock = RedisStock(redis, database)
    log = Stream(redis, stock)
    async with in_the_background(stock.look_after()):
        await _work(writer, log, settings, stop)
    await stock.reconcile()  # which brings back what Redis lost, or was never told of
    await _work(writer, log, settings, stop)
    await stock.set_right()


async def _work(writer: Writer, log: Log, settings: Settings, stop: asyncio.Event) -> None:
    """Decide what there is, then wait for the window or until told to stop; then see once more."""
    while True:
        stopping = stop.is_set()
        try:
            decided = await _decide_next(writer, log)
        except (RedisError, ConnectionError, Conflict, asyncpg.TransactionRollbackError) as error:
            if isinstance(error, asyncpg.PostgresConnectionError):
                raise
            _log.warning("nothing was decided, and will be later: %r", error)
            await asyncio.sleep(_AFTER_AN_OUTAGE_S)
            continue
        if not decided:
            if stopping:
                return
            await _is_set(stop, within_s=settings.batch_window_ms / 1000)


async def _decide_next(writer: Writer, log: Log) -> int:
    deliveries = await log.read()
    if deliveries:
        await log.settle(deliveries, await writer.decide(deliveries))
    return len(deliveries)


async def _is_set(event: asyncio.Event, *, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
