"""The application: the one place where the parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from system import errors, health
from system.admin import routes as admin_routes
from system.admin.service import Admin
from system.catalogue import routes as catalogue_routes
from system.orders import routes as order_routes
from system.orders.counter import Counter, ExpressLane
from system.orders.service import Orders
from system.platform import outages
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

_MOST_BODY_BYTES = 1_000_000


def create_app() -> ASGIApp:
    """The application, set up from the environment."""
    settings = Settings()
    database = Database(settings, settings.pool_size)
    # What watches over the orders must not queue behind them.
    watch = Database(settings, 1)
    redis = redis_platform.connect(settings)
    identity = Identity(settings)
    board = Board(watch, settings.board_interval_ms)
    orders = Orders(database, redis, settings, strategy_named(settings.strategy), board)
    counter = Counter(orders, identity)

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
    app.include_router(order_routes.router(orders, counter, identity))
    app.include_router(wallet_routes.router(Wallets(database), identity))
    app.include_router(admin_routes.router(Admin(database, redis, settings, identity, board), identity))
    errors.install(app)
    outages.install(app)
    _document(app)
    return ExpressLane(app, counter)


def _document(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        components["securitySchemes"] = SECURITY_SCHEMES
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]
