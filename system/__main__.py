"""`python -m system`: serve the shop. Further commands:

`migrate`     bring the schema up to date
`consume`     decide the orders that a strategy queues; a second consumer waits until the first has ended
`reconcile`   set what Redis knows of the stock right from PostgreSQL
`strategies`  list them

Settings come from the environment, see `system.settings`. On SIGTERM the consumer works off its queue first.
Exit code 1: a server is gone; 2: a setting is missing or wrong, or there is nothing to consume.

A command imports what it needs when it is called: Alembic and FastAPI take a second to load.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import asyncpg
import uvloop
from redis.exceptions import RedisError

from system.platform.runtime import keep_collector_quiet, make_room_for_connections
from system.settings import Settings
from system.startup import SettingsError, make_up_development_secrets, settings_and_strategy
from system.stock.port import Ack, Strategy
from system.stock.redis_stock import reconcile
from system.stock.strategies import STRATEGIES

_USAGE = "usage: python -m system [serve | migrate | consume | reconcile | strategies]"

# Longer than any client keeps an idle connection: the server never resets one in mid-test.
_KEEP_ALIVE_S = 120
_BACKLOG = 8192


def main(arguments: list[str]) -> int:
    """Do what the first argument says; returns the exit code."""
    command = arguments[0] if arguments else "serve"
    if command == "strategies":
        print(json.dumps({name: _traits(strategy) for name, strategy in STRATEGIES.items()}))  # noqa: T201
        return 0
    if command not in {"serve", "migrate", "consume", "reconcile"} or len(arguments) > 1:
        return _fail(_USAGE)
    for name in make_up_development_secrets():
        if command == "serve":
            print(f"{name}={os.environ[name]}  (made up for this run)", file=sys.stderr)  # noqa: T201
    try:
        settings, strategy = settings_and_strategy()
    except SettingsError as error:
        return _fail(str(error))
    if command == "consume":
        return _consume(settings, strategy)
    if command == "migrate":
        _migrate(settings)
    elif command == "reconcile":
        asyncio.run(reconcile(settings))
    else:
        _serve(settings)
    return 0


def _traits(strategy: type[Strategy]) -> dict[str, object]:
    return {
        "safe": strategy.safe,
        "ack": strategy.ack,
        "redis": strategy.redis,
        "exact": strategy.exact,
    }


def _consume(settings: Settings, strategy: Strategy) -> int:
    if strategy.ack is not Ack.QUEUED:
        return _fail(f"DROPDAY_STRATEGY is {strategy.name!r}, which queues nothing: it needs no consumer")
    try:
        uvloop.run(_consume_until_sigterm(settings, strategy))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
        print(  # noqa: T201
            f"a server is gone: {error!r}; what was accepted waits for the next consumer", file=sys.stderr
        )
        return 1
    return 0


async def _consume_until_sigterm(settings: Settings, strategy: Strategy) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    keep_collector_quiet()
    from system.workers.consumer import consume

    await consume(settings, strategy, stop)


def _migrate(settings: Settings) -> None:
    from system.migrations.run import migrate

    asyncio.run(migrate(settings.database_url))


def _serve(settings: Settings) -> None:
    import uvicorn

    make_room_for_connections()
    uvicorn.run(
        "system.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        backlog=_BACKLOG,
    )


def _fail(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
