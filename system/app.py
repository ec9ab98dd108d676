"""The application: the one place where the parts are put together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from system import errors, health
from system.admin import routes as admin_routes
from system.admin.service import Admin
from system.catalogue import routes as catalogue_routes
from system.errors import Unavailable
from system.orders import routes as order_routes
from system.orders.service import Orders
from system.platform import redis as redis_platform
from system.platform.auth import Identity
from system.platform.database import Database
from system.platform.openapi import SECURITY_SCHEMES, Problem
from system.platform.runtime import keep_collector_quiet
from system.settings import Settings
from system.stock.board import Board
from system.stock.strategies import strategy_named
from system.wallets import routes as wallet_routes
from system.wallets.service import Wallets

_log = logging.getLogger(__name__)

_MOST_BODY_BYTES = 1_000_000


def create_app() -> FastAPI:
    """The application, set up from the environment."""
    settings = Settings()
    database = Database(settings, settings.pool_size)
    # What watches over the orders must not queue behind them.
    watch = Database(settings, 1)
    redis = redis_platform.connect(settings)
    identity = Identity(settings)
    board = Board(watch, settings.board_interval_ms)
    strategy = strategy_named(settings.strategy)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with board.kept_fresh():
            keep_collector_quiet()
            yield
        await database.close()
        await watch.close()
        await redis.aclose()

    app = FastAPI(
        title="Dropday reference shop",
        version="0.1.0",
        lifespan=lifespan,
        telemetry={"tracing": False},
        max_body_size=_MOST_BODY_BYTES,
        redirect_slashes=False,
    )
    app.include_router(health.router(watch, redis, settings))
    app.include_router(catalogue_routes.router(database))
    app.include_router(order_routes.router(Orders(database, redis, settings, strategy, board), identity))
    app.include_router(wallet_routes.router(Wallets(database), identity))
    app.include_router(admin_routes.router(Admin(database, redis, settings, identity, board), identity))
    errors.install(app)
    _answer_when_servers_do_not(app)
    _document(app)
    return app


def _answer_when_servers_do_not(app: FastAPI) -> None:
    async def unavailable(_: Request, error: Exception) -> Response:
        _log.error("a server behind the shop failed", exc_info=error)
        return errors.respond(
            Unavailable("a server behind the shop does not answer; ask again with the same key")
        )

    for kind in (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, RedisError):
        app.add_exception_handler(kind, unavailable)


def _document(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        components["securitySchemes"] = SECURITY_SCHEMES
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]
