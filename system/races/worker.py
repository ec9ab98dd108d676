"""One worker process of the shop, as a race has it: its own parts, put together on watched connections."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from system.errors import ShopError, respond
from system.orders.answers import response_to, response_to_decision
from system.orders.counter import Counter
from system.orders.model import Cart, Line, Order
from system.orders.service import Orders
from system.platform.auth import Identity
from system.platform.leases import Leases
from system.platform.outages import respond_to
from system.platform.spans import Spans
from system.races.actor import Step, acting
from system.races.batches import WatchedBatches
from system.races.watched import WatchedDatabase, WatchedRedis, watched_redis
from system.settings import Settings
from system.stock.board import Board
from system.stock.intake import Intake
from system.stock.pipeline import Pipeline
from system.stock.port import Strategy
from system.stock.redis_stock import RedisStock
from system.stock.shop import Backroom

Lines = Sequence[tuple[str, int]]


def settings_of(database_url: str, redis_url: str, axes: Mapping[str, object]) -> Settings:
    """Settings with nothing in them that waits by itself or sends several orders as one, and `axes`."""
    return Settings.model_validate(
        {
            "database_url": database_url,
            "redis_url": redis_url,
            "jwt_secret": secrets.token_hex(),
            "admin_key": secrets.token_hex(),
            "backoff_ms": 0,
            "batch_window_ms": 0,
            "pipeline": 1,
            "pool_size": 2,
            **axes,
        }
    )


@dataclass(frozen=True, slots=True)
class RaceBackroom(Backroom):
    """A backroom from which the variants have a Redis client, too."""

    redis: WatchedRedis


@dataclass
class Worker:
    """A worker that serves orders with `strategy`, and what it is made of."""

    settings: Settings
    strategy: Strategy
    board_of: type[Board] = Board
    checks_carts: bool = True

    def __post_init__(self) -> None:
        settings = self.settings
        isolation = settings.isolation or self.strategy.isolation
        self.database = WatchedDatabase(settings, settings.pool_size, isolation)
        self.watch = WatchedDatabase(settings, 1)
        self.redis = watched_redis(settings.redis_url)
        self.redis_stock = RedisStock(self.redis, self.watch)
        self.board = self.board_of(self.watch, settings.board_interval_ms)
        self.identity = Identity(settings)
        backroom = RaceBackroom(
            settings=settings,
            database=self.database,
            board=self.board,
            leases=Leases(self.redis, settings),
            redis_stock=self.redis_stock,
            pipelines={take: Pipeline(self.database, settings, take) for take in Pipeline.TAKES},
            batches=WatchedBatches(self.database, settings),
            intake=Intake(self.database, self.watch, settings),
            redis=self.redis,
        )
        self.orders = Orders(self.database, backroom, self.strategy)
        self._counter = Counter(self.orders, self.identity, sort_carts=settings.sort_carts)

    async def open(self) -> None:
        """Have its scripts in Redis beforehand: they are not part of the race."""
        await self.redis.load_scripts()

    async def serve(self, shopper: int, key: str, lines: Lines) -> str:
        """Answer `POST /orders` as the shop does; what the shopper is told, in a line."""
        actor = acting.get()
        try:
            if self.checks_carts:
                response = await self._counter.serve(self._headers(shopper, key), _body(lines))
            else:
                response = await self._serve_unchecked(shopper, key, lines)
        except Exception as error:
            response = respond_to(error)
        if actor and "board;" in response.headers.get("server-timing", ""):
            actor.tells(Step("board", "this worker's board says that it is gone"), "no question asked")
        return _in_a_line(response)

    async def decision(self, shopper: int, key: str) -> str:
        """Answer `GET /orders/queued/KEY`; what the shopper is told, in a line."""
        try:
            decision = await self.orders.decision(shopper, key, wait_s=0)
        except ShopError as error:
            return _in_a_line(respond(error))
        return "202 queued" if decision is None else _in_a_line(response_to_decision(decision))

    async def _serve_unchecked(self, shopper: int, key: str, lines: Lines) -> Response:
        """As a shop that takes every cart as it comes."""
        cart = Cart.model_construct(lines=[Line.model_construct(sku=sku, quantity=n) for sku, n in lines])
        order = Order.of(shopper, key, cart)
        try:
            return response_to(await self.orders.place(order, Spans()))
        except ShopError as refusal:
            return respond(refusal)

    def _headers(self, shopper: int, key: str) -> dict[bytes, bytes]:
        token = self.identity.issue(shopper)
        return {b"authorization": f"Bearer {token}".encode(), b"idempotency-key": key.encode()}

    async def close(self) -> None:
        """Close its connections."""
        acting.set(None)
        await self.database.close()
        await self.watch.close()
        await self.redis.aclose()


def _body(lines: Lines) -> bytes:
    return json.dumps({"lines": [{"sku": sku, "quantity": n} for sku, n in lines]}).encode()


def _in_a_line(response: Response) -> str:
    """The status, and in a word what it means."""
    document = json.loads(bytes(response.body))
    replayed = " (the answer kept for the key)" if "idempotency-replayed" in response.headers else ""
    return f"{response.status_code} {document.get('code') or document['state']}{replayed}"
