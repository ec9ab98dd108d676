"""`python -m system.workers`: decide what the API has accepted, under `redis_queue` and `single_writer`.

Settings as for `python -m system`. A second one waits until the first has ended. On SIGTERM it works off what
was accepted, then ends. Exit code 1: a server is gone; 2: a setting is wrong, or the strategy queues nothing.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import suppress

import asyncpg
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from system.errors import Conflict
from system.platform import redis as redis_platform
from system.platform.background import in_the_background
from system.platform.database import Database
from system.platform.runtime import keep_collector_quiet
from system.settings import Settings
from system.startup import SettingsError, make_up_development_secrets, settings_and_strategy
from system.stock.port import Ack, RedisRole
from system.stock.redis_stock import RedisStock
from system.workers.logs import Accepted, Log, Stream
from system.workers.writer import Writer

_log = logging.getLogger(__name__)

_STANDBY_S = 0.2
_AFTER_AN_OUTAGE_S = 0.2


def main() -> int:
    """Decide until SIGTERM; returns the exit code."""
    make_up_development_secrets()  # which it has no use for
    try:
        settings, strategy = settings_and_strategy()
    except SettingsError as error:
        return _fail(str(error), 2)
    if strategy.ack is not Ack.QUEUED:
        return _fail(f"DROPDAY_STRATEGY is {strategy.name!r}, which queues nothing: it needs no consumer", 2)
    try:
        uvloop.run(_consume(settings, in_redis=strategy.redis is RedisRole.STOCK))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
        return _fail(f"a server is gone: {error!r}; what was accepted waits for the next consumer", 1)
    return 0


async def _consume(settings: Settings, *, in_redis: bool) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    redis = redis_platform.connect(settings)
    database = Database(settings, pool_size=1)
    connection = await asyncpg.connect(settings.database_url, server_settings={"application_name": "dropday"})
    writer = Writer(connection)
    try:
        while not await writer.owns_the_log():
            if await _is_set(stop, within_s=_STANDBY_S):
                return
        keep_collector_quiet()
        if in_redis:
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


def _fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
