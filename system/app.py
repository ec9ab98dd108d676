"""The application: the one place where the parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from system import health
from system.admin import routes as admin_routes
from system.admin.service import Admin
from system.catalogue import routes as catalogue_routes
from system.orders import routes as order_routes
from system.orders.counter import Counter, ExpressLane
from system.orders.service import Orders
from system.platform import outages
from system.platform import redis as redis_platform
from system.platform.auth import Identity
from system.platform.background import in_the_background
from system.platform.database import Database
from system.platform.leases import Leases
from system.platform.openapi import SECURITY_SCHEMES, Problem
from system.platform.runtime import keep_collector_quiet
from system.settings import Settings
from system.stock.batches import Batches
from system.stock.board import Board
from system.stock.intake import Intake
from system.stock.pipeline import Pipeline
from system.stock.port import Ack, RedisRole, Strategy
from system.stock.redis_stock import RedisStock
from system.stock.shop import Backroom
from system.stock.strategies import strategy_named
from system.wallets import routes as wallet_routes
from system.wallets.service import Wallets

_MOST_BODY_BYTES = 1_000_000


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The application, with these settings; with those of the environment if None."""
    settings = settings or Settings()
    strategy = strategy_named(settings.strategy)
    database = Database(settings, settings.pool_size, settings.isolation or strategy.isolation)
    # What watches over the orders must not queue behind them.
    watch = Database(settings, 1)
    redis = redis_platform.connect(settings)
    identity = Identity(settings)
    board = Board(watch, settings.board_interval_ms)
    backroom = Backroom(
        settings=settings,
        database=database,
        board=board,
        leases=Leases(redis, settings),
        redis_stock=RedisStock(redis, watch),
        pipelines={take: Pipeline(database, settings, take) for take in Pipeline.TAKES},
        batches=Batches(database, settings),
        intake=Intake(database, watch, settings),
    )
    orders = Orders(database, backroom, strategy)
    counter = Counter(orders, identity, sort_carts=settings.sort_carts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with in_the_background(*_watches(strategy, board, backroom)):
            keep_collector_quiet()
            yield
        if strategy.redis is RedisRole.STOCK:
            await backroom.redis_stock.set_right()
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
    app.include_router(
        admin_routes.router(Admin(database, redis, settings, identity, board, strategy), identity)
    )
    outages.install(app)
    _document(app)
    return ExpressLane(app, counter)


def _watches(strategy: Strategy, board: Board, backroom: Backroom) -> Iterator[Coroutine[None, None, None]]:
    """What runs beside the orders."""
    yield board.watch()
    if strategy.redis is RedisRole.STOCK:
        yield backroom.redis_stock.look_after()
    if strategy.ack is Ack.QUEUED:
        yield backroom.intake.watch()


def _document(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        components["securitySchemes"] = SECURITY_SCHEMES
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]
